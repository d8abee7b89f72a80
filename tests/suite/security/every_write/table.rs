//! Every route that members and visitors can POST to, with a form that it accepts.

use latchkey::domain::api_keys::{self, KeyId};
use latchkey::domain::disabling;
use latchkey::domain::leaks::{self, LeakId};
use latchkey::domain::members::invitation::Draft;
use latchkey::domain::members::{self, Email, Permission};
use latchkey::domain::reviews::{self, Decision, RequestedDecision, ReviewId};
use latchkey::domain::sign_in::{invitation, reset};
use latchkey::domain::sso::{self, MappingDraft};

use crate::support::provider::Provider;
use crate::support::{
    App, Authenticator, AuthenticatorApp, Client, PASSWORD, key_fields, usual_draft,
};
use crate::usage::record_passes;

/// The email address of the member who sends the forms.
pub const EMAIL: &str = "ines@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";
const NEW_PASSWORD: &str = "lantern orbit cabbage velvet";
/// The fields that disable a key until Christmas.
const DISABLED: [(&str, &str); 3] =
    [("reason", "Nobody knows it"), ("until", "date"), ("until_at", "2026-12-24T18:00")];
const ROLE: [(&str, &str); 2] = [("name", "Billing"), ("scopes", "orders:read")];
const SCOPE: [(&str, &str); 2] = [("resource", "matrix"), ("operation", "write")];
const MAIL: [(&str, &str); 4] = [
    ("mail_host", "localhost"),
    ("mail_port", "1"),
    ("mail_security", "none"),
    ("mail_sender", "latchkey@meridianfreight.example"),
];
const PROVIDER: [(&str, &str); 8] = [
    ("issuer", "https://login.example.com"),
    ("client_id", "latchkey"),
    ("client_secret", "x"),
    ("scopes", "openid"),
    ("groups_claim", "groups"),
    ("button", "Sign in with Meridian"),
    ("new_members", "refuse"),
    ("passwords", "allowed"),
];
const WEBHOOK: [(&str, &str); 2] =
    [("url", "http://127.0.0.1:1/table"), ("events", "api_key.revoked")];

/// A form that the route accepts.
pub struct Form {
    /// The page with the token for the form.
    pub page: String,
    pub action: String,
    pub fields: Vec<(String, String)>,
}

fn form(page: &str, action: &str, fields: &[(&str, &str)]) -> Form {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Form { page: page.into(), action: action.into(), fields: fields.iter().map(owned).collect() }
}

/// Who sends a form.
#[derive(Clone, Copy, PartialEq)]
pub enum Sender {
    /// A super manager with every permission.
    Manager,
    /// A client without a session, before the program is set up.
    Newcomer,
    /// A client without a session.
    Visitor,
}

/// A route, a form that it accepts, and the events that the activity must contain afterwards.
pub struct Write {
    pub path: &'static str,
    pub sender: Sender,
    pub form: fn(&App, &Client) -> Form,
    pub events: &'static [&'static str],
}

const fn manager(
    path: &'static str,
    form: fn(&App, &Client) -> Form,
    events: &'static [&'static str],
) -> Write {
    Write { path, sender: Sender::Manager, form, events }
}

/// A form about selected keys.
fn selected(app: &App, action: &str, fields: &[(&str, &str)]) -> Form {
    let id = app.key("Billing worker");
    let path = format!("/api-keys/bulk/{action}");
    form(&format!("{path}?keys={id}"), &path, &[&[("keys", &*id)], fields].concat())
}

/// A passkey of the member who sends the forms, and its id.
fn passkey(app: &App) -> (Authenticator, String) {
    let mut authenticator = Authenticator::new();
    authenticator.register(&app.signed_in(EMAIL), "Laptop");
    (authenticator, app.texts("SELECT id AS text FROM member_passkeys").pop().expect("a passkey"))
}

/// A form about a member who can be managed.
fn member(app: &App, step: &str, fields: &[(&str, &str)]) -> Form {
    let id = app.member(TOMAS, false, &[Permission::ViewKeys]).id;
    let path = format!("/members/{}/{step}", id.as_str());
    form(&path, &path, fields)
}

/// A form about the second factors of the member who sends it.
fn two_step(app: &App, path: &str) -> Form {
    let email = Email::parse(EMAIL).expect("an address");
    let (member, _) = app.read(|c| members::by_email(c, &email)).expect("a member");
    app.enrol(&member);
    form(path, path, &[])
}

/// A form about a webhook.
fn webhook(app: &App, step: &str) -> Form {
    let [id, ..] = crate::webhooks::queue_messages(app);
    let fields = [&WEBHOOK[..], &[("version", "1")]].concat();
    let path = format!("/webhooks/{id}/{step}");
    form(path.trim_end_matches("/test"), &path, &fields)
}

/// A form about a mapping of a group.
fn mapping(app: &App, step: &str, fields: &[(&str, &str)]) -> Form {
    let draft = MappingDraft { group: "keys".into(), ..MappingDraft::default() };
    app.write(|tx, context| sso::save_mapping(tx, None, &draft, context).map(drop));
    let id = app.read(sso::mappings).remove(0).id;
    let path = format!("/settings/sso/mappings/{}/{step}", id.as_str());
    form(&path, &path, fields)
}

fn invitation_draft() -> Draft {
    Draft { name: "Tomas Lind".into(), email: TOMAS.into(), ..Draft::default() }
}

/// A form about the report of a leak.
fn leak(app: &App, step: &str, fields: &[(&str, &str)]) -> Form {
    let key = KeyId::parse(&app.key("Billing worker")).expect("a Key ID");
    let id = LeakId::random().expect("random");
    let path = format!("/leaks/{}/{step}", id.as_str());
    let draft = leaks::Draft { action: "none".into(), ..leaks::Draft::default() };
    let page = format!("/leaks/{}", id.as_str());
    app.write(|tx, context| leaks::report(tx, id, &key, &draft, context));
    form(&page, &path, fields)
}

/// A form about a review of one key. If `is_decided`, the decision is to keep the key.
fn review(app: &App, step: &str, is_decided: bool) -> Form {
    review_of(app, &app.key("Billing worker"), step, is_decided)
}

/// A form about a review of the key `id`.
fn review_of(app: &App, id: &str, step: &str, is_decided: bool) -> Form {
    let key_id = KeyId::parse(id).expect("a Key ID");
    let id = ReviewId::random().expect("random");
    let path = format!("/reviews/{}{step}", id.as_str());
    app.write(|tx, context| reviews::start(tx, id.clone(), context));
    app.write(|tx, _| reviews::list_keys(tx, &id));
    let keep =
        RequestedDecision { key_id, decision: Decision::Keep, note: String::new(), seen: None };
    if is_decided {
        app.write(|tx, context| reviews::decide(tx, &id, &[keep], context));
    }
    let decision = format!("decision_{}", key_id.as_str());
    form(&path, &path, &[(&decision, "revoke"), ("keys", key_id.as_str())])
}

/// A form about an invited member.
fn invitee(app: &App, step: &str) -> Form {
    let (invitee, _) =
        app.write(|tx, context| invitation::invite(tx, &invitation_draft(), context));
    let path = format!("/members/{}/{step}", invitee.id.as_str());
    form(&path, &path, &[])
}

pub const WRITES: &[Write] = &[
    Write {
        path: "/set-up",
        sender: Sender::Newcomer,
        form: |app, _| {
            let code = app.set_up_code();
            let fields = [
                ("code", code.as_str()),
                ("organisation", "Meridian Freight"),
                ("resources", "orders"),
                ("name", "Ines Okafor"),
                ("email", EMAIL),
                ("password", PASSWORD),
            ];
            form("/set-up", "/set-up", &fields)
        },
        events: &["member.added", "organisation.set_up"],
    },
    Write {
        path: "/sign-in",
        sender: Sender::Visitor,
        form: |_, _| form("/sign-in", "/sign-in", &[("email", EMAIL), ("password", PASSWORD)]),
        events: &["session.signed_in"],
    },
    Write {
        path: "/sign-in/passkey",
        sender: Sender::Visitor,
        form: |app, client| {
            let (mut authenticator, _) = passkey(app);
            let fields = authenticator.sign_in_fields(client, "/sign-in");
            Form { page: "/sign-in".into(), action: "/sign-in/passkey".into(), fields }
        },
        events: &["session.signed_in", "session.new_network"],
    },
    Write {
        path: "/reset-password",
        sender: Sender::Visitor,
        form: |app, _| {
            let email = Email::parse(EMAIL).expect("an address");
            let (_, code) = app.write(|tx, context| reset::begin(tx, &email, context));
            let fields = [("code", code.as_str()), ("password", "lantern orbit cabbage velvet")];
            form(&format!("/reset-password?code={code}"), "/reset-password", &fields)
        },
        events: &["member.password_reset"],
    },
    Write {
        path: "/sign-out",
        sender: Sender::Manager,
        form: |_, _| form("/api-keys", "/sign-out", &[]),
        events: &["session.signed_out"],
    },
    Write {
        path: "/api-keys",
        sender: Sender::Manager,
        form: |_, _| form("/api-keys/new", "/api-keys", &key_fields(&[])),
        events: &["api_key.created"],
    },
    Write {
        path: "/api-keys/{key_id}/edit",
        sender: Sender::Manager,
        form: |app, _| {
            let path = format!("/api-keys/{}/edit", app.key("Billing worker"));
            let fields = [
                ("name", "Route planner"),
                ("role", "read-only"),
                ("expires_on", "2027-01-31"),
                ("version", "1"),
            ];
            form(&path, &path, &fields)
        },
        events: &["api_key.edited"],
    },
    Write {
        path: "/api-keys/{key_id}/rotate",
        sender: Sender::Manager,
        form: |app, _| {
            let path = format!("/api-keys/{}/rotate", app.key("Billing worker"));
            form(&path, &path, &[("overlap", "7d"), ("lifetime", "90")])
        },
        events: &["api_key.rotated"],
    },
    Write {
        path: "/api-keys/{key_id}/stop-old-secret",
        sender: Sender::Manager,
        form: |app, _| {
            let id = app.rotated_key("Billing worker");
            let path = format!("/api-keys/{id}/stop-old-secret");
            form(&path, &path, &[])
        },
        events: &["api_key.secret_stopped"],
    },
    manager(
        "/settings/alerts",
        |_, _| form("/settings/alerts", "/settings/alerts", &[("email", "daily")]),
        &["settings.alerts_changed"],
    ),
    manager(
        "/api-keys/{key_id}/disable",
        |app, _| {
            let path = format!("/api-keys/{}/disable", app.key("Billing worker"));
            form(&path, &path, &DISABLED)
        },
        &["api_key.disabled"],
    ),
    manager(
        "/api-keys/{key_id}/enable",
        |app, _| {
            let id = app.key("Billing worker");
            let key_id = KeyId::parse(&id).expect("a Key ID");
            let reason = "A test".to_owned();
            let draft = disabling::Draft { reason, ..disabling::Draft::default() };
            app.write(|tx, context| disabling::disable(tx, &key_id, &draft, context));
            let path = format!("/api-keys/{id}/enable");
            form(&path, &path, &[])
        },
        &["api_key.enabled"],
    ),
    manager(
        "/api-keys/bulk/disable",
        |app, _| selected(app, "disable", &DISABLED),
        &["api_key.disabled"],
    ),
    manager("/api-keys/bulk/snooze", |app, _| selected(app, "snooze", &[]), &["api_key.kept"]),
    manager(
        "/api-keys/bulk/rotate",
        |app, _| selected(app, "rotate", &[("overlap", "7d"), ("lifetime", "90")]),
        &["api_key.rotated"],
    ),
    manager("/api-keys/bulk/revoke", |app, _| selected(app, "revoke", &[]), &["api_key.revoked"]),
    Write {
        path: "/api-keys/{key_id}/revoke",
        sender: Sender::Manager,
        form: |app, _| {
            let path = format!("/api-keys/{}/revoke", app.key("Billing worker"));
            form(&path, &path, &[])
        },
        events: &["api_key.revoked"],
    },
    Write {
        path: "/invitation",
        sender: Sender::Visitor,
        form: |app, _| {
            let draft = invitation_draft();
            let (_, code) = app.write(|tx, context| invitation::invite(tx, &draft, context));
            let fields = [("code", code.as_str()), ("password", NEW_PASSWORD)];
            form(&format!("/invitation?code={code}"), "/invitation", &fields)
        },
        events: &["member.invitation_accepted", "session.signed_in"],
    },
    manager(
        "/account/edit",
        |_, _| form("/account", "/account/edit", &[("name", "Ines O.")]),
        &["member.name_changed"],
    ),
    manager(
        "/account/password",
        |_, _| {
            let fields = [("current_password", PASSWORD), ("password", NEW_PASSWORD)];
            form("/account", "/account/password", &fields)
        },
        &["member.password_changed"],
    ),
    manager(
        "/account/two-step/app",
        |app, client| {
            let path = "/account/two-step/app";
            let code = app.code_of(&AuthenticatorApp::scan(&client.get(path)));
            form(path, path, &[("code", &code)])
        },
        &["two_step.app_added"],
    ),
    manager(
        "/account/two-step/app/remove",
        |app, _| two_step(app, "/account/two-step/app/remove"),
        &["two_step.app_removed"],
    ),
    manager(
        "/account/two-step/recovery-codes",
        |app, _| two_step(app, "/account/two-step/recovery-codes"),
        &["two_step.codes_made"],
    ),
    Write {
        path: "/sign-in/code",
        sender: Sender::Visitor,
        form: |app, client| {
            let authenticator = app.enrol(&app.member(TOMAS, false, &[]));
            client.submit("/sign-in", &[("email", TOMAS), ("password", PASSWORD)]);
            let code = app.code_of(&authenticator);
            form("/sign-in/code", "/sign-in/code", &[("code", &code)])
        },
        events: &["session.signed_in"],
    },
    manager(
        "/account/two-step/passkeys",
        |_, client| {
            let action = "/account/two-step/passkeys".to_owned();
            let fields = Authenticator::new().registration_fields(client, "Laptop");
            Form { page: action.clone(), action, fields }
        },
        &["two_step.passkey_added"],
    ),
    manager(
        "/account/two-step/passkeys/{passkey_id}/rename",
        |app, _| {
            let action = format!("/account/two-step/passkeys/{}/rename", passkey(app).1);
            form(&action, &action, &[("name", "Phone")])
        },
        &["two_step.passkey_renamed"],
    ),
    manager(
        "/account/two-step/passkeys/{passkey_id}/remove",
        |app, _| {
            let action = format!("/account/two-step/passkeys/{}/remove", passkey(app).1);
            form(&action, &action, &[])
        },
        &["two_step.passkey_removed"],
    ),
    manager(
        "/account/sessions/end",
        |app, client| {
            app.signed_in(EMAIL);
            let page = client.get("/account");
            let session = page.attribute("input[name=session]", "value").expect("another session");
            form("/account", "/account/sessions/end", &[("session", &session)])
        },
        &["session.ended"],
    ),
    manager(
        "/account/sessions/end-others",
        |app, _| {
            app.signed_in(EMAIL);
            form("/account", "/account/sessions/end-others", &[])
        },
        &["session.others_ended"],
    ),
    manager(
        "/members",
        |_, _| {
            let fields = [("name", "Tomas Lind"), ("email", TOMAS)];
            form("/members/new", "/members", &fields)
        },
        &["member.invited"],
    ),
    manager(
        "/members/{member_id}/edit",
        |app, _| {
            let access = [("super_manager", "yes"), ("permissions", "api.key.view")];
            member(app, "edit", &[&access[..], &[("version", "1")]].concat())
        },
        &["member.edited"],
    ),
    manager(
        "/members/{member_id}/two-step/remove",
        |app, _| {
            let member = app.member(TOMAS, false, &[]);
            app.enrol(&member);
            let path = format!("/members/{}/two-step/remove", member.id.as_str());
            form(&path, &path, &[])
        },
        &["two_step.removed_for_member"],
    ),
    manager(
        "/members/{member_id}/disable",
        |app, _| member(app, "disable", &[]),
        &["member.disabled"],
    ),
    manager(
        "/members/{member_id}/contain",
        |app, _| member(app, "contain", &[]),
        &["member.disabled", "member.contained"],
    ),
    manager(
        "/members/{member_id}/enable",
        |app, _| {
            let form = member(app, "enable", &[]);
            app.sql(&format!("UPDATE members SET disabled_at = 1 WHERE email_folded = '{TOMAS}'"));
            form
        },
        &["member.enabled"],
    ),
    manager(
        "/members/{member_id}/delete",
        |app, _| member(app, "delete", &[]),
        &["member.removed"],
    ),
    manager(
        "/members/{member_id}/reset-password",
        |app, _| member(app, "reset-password", &[]),
        &["member.password_reset_started"],
    ),
    manager(
        "/members/{member_id}/invite",
        |app, _| invitee(app, "invite"),
        &["member.invitation_resent"],
    ),
    manager(
        "/members/{member_id}/withdraw",
        |app, _| invitee(app, "withdraw"),
        &["member.invitation_withdrawn"],
    ),
    manager(
        "/api-keys/{key_id}/leak",
        |app, _| {
            let path = format!("/api-keys/{}/leak", app.key("Billing worker"));
            form(&path, &path, &[("action", "revoke")])
        },
        &["api_key.revoked", "api_key.leaked"],
    ),
    manager(
        "/leaks/{leak_id}/notes",
        |app, _| leak(app, "notes", &[("text", "The log was deleted")]),
        &["leak.noted"],
    ),
    manager("/leaks/{leak_id}/close", |app, _| leak(app, "close", &[]), &["leak.closed"]),
    manager(
        "/reviews",
        |app, _| {
            app.key("Billing worker");
            form("/reviews", "/reviews", &[])
        },
        &["review.started"],
    ),
    manager("/reviews/{review_id}", |app, _| review(app, "", false), &["review.decided"]),
    manager(
        "/reviews/{review_id}/keep",
        |app, _| {
            let role = "read-only".to_owned();
            let id = app.key_from(&api_keys::Draft { role, ..usual_draft() });
            record_passes(app, &id, "203.0.113.7", &[], 1);
            review_of(app, &id, "/keep", false)
        },
        &["review.decided"],
    ),
    manager(
        "/reviews/{review_id}/finish",
        |app, _| review(app, "/finish", true),
        &["review.finished"],
    ),
    manager(
        "/reviews/{review_id}/cancel",
        |app, _| review(app, "/cancel", false),
        &["review.cancelled"],
    ),
    manager(
        "/attention/restored/done",
        |app, _| {
            crate::copies::checking::record_restore(app);
            form("/attention/restored/done", "/attention/restored/done", &[])
        },
        &["database.restore_checked"],
    ),
    manager("/roles", |_, _| form("/roles/new", "/roles", &ROLE), &["role.created"]),
    manager(
        "/roles/{slug}/edit",
        |_, client| {
            client.submit_from("/roles/new", "/roles", &ROLE);
            let fields = [("name", "Invoices"), ("scopes", "invoices:read"), ("version", "1")];
            form("/roles/billing/edit", "/roles/billing/edit", &fields)
        },
        &["role.edited"],
    ),
    manager(
        "/roles/{slug}/delete",
        |_, client| {
            client.submit_from("/roles/new", "/roles", &ROLE);
            form("/roles/billing/delete", "/roles/billing/delete", &[])
        },
        &["role.deleted"],
    ),
    manager("/scopes", |_, _| form("/scopes/new", "/scopes", &SCOPE), &["scope.added"]),
    manager(
        "/scopes/{scope}/edit",
        |_, client| {
            client.submit_from("/scopes/new", "/scopes", &SCOPE);
            let fields = [("description", "Matrices"), ("version", "1")];
            form("/scopes/matrix:write/edit", "/scopes/matrix:write/edit", &fields)
        },
        &["scope.edited"],
    ),
    manager(
        "/scopes/{scope}/delete",
        |_, client| {
            client.submit_from("/scopes/new", "/scopes", &SCOPE);
            form("/scopes/matrix:write/delete", "/scopes/matrix:write/delete", &[])
        },
        &["scope.removed"],
    ),
    manager(
        "/scopes/import/confirm",
        |_, _| {
            let fields = [("proposed", "matrix:write "), ("scopes", "matrix:write")];
            form("/scopes/import", "/scopes/import/confirm", &fields)
        },
        &["scopes.imported"],
    ),
    manager(
        "/settings",
        |_, client| {
            let shown = client.get("/settings").form_fields("form[action='/settings']");
            let shown =
                shown.iter().filter(|(name, _)| name != "session_hours" && name != "form_token");
            let fields: Vec<_> =
                shown.map(|(name, value)| (name.as_str(), value.as_str())).collect();
            form("/settings", "/settings", &[&fields[..], &[("session_hours", "6")]].concat())
        },
        &["settings.changed"],
    ),
    manager(
        "/api-keys/checklist/dismiss",
        |_, _| form("/api-keys", "/api-keys/checklist/dismiss", &[]),
        &["settings.changed"],
    ),
    manager(
        "/settings/mail",
        |_, _| form("/settings", "/settings/mail", &MAIL),
        &["settings.mail_changed"],
    ),
    manager(
        "/settings/mail/test",
        |_, client| {
            // The mail server does not exist, but the test must be recorded anyway.
            client.submit_from("/settings", "/settings/mail", &MAIL);
            form("/settings", "/settings/mail/test", &[])
        },
        &["settings.mail_tested"],
    ),
    manager(
        "/settings/sso",
        |_, _| form("/settings/sso", "/settings/sso", &PROVIDER),
        &["sso.changed"],
    ),
    manager(
        "/settings/sso/break-glass",
        |app, _| {
            let tomas = app.member(TOMAS, false, &[]);
            app.enrol(&tomas);
            let fields = [("break_glass", tomas.id.as_str())];
            form("/settings/sso", "/settings/sso/break-glass", &fields)
        },
        &["sso.changed"],
    ),
    manager(
        "/settings/sso/mappings/new",
        |_, _| {
            let path = "/settings/sso/mappings/new";
            form(path, path, &[("group", "keys")])
        },
        &["sso.changed"],
    ),
    manager(
        "/settings/sso/mappings/{mapping_id}/edit",
        |app, _| mapping(app, "edit", &[("group", "others")]),
        &["sso.changed"],
    ),
    manager(
        "/settings/sso/mappings/{mapping_id}/delete",
        |app, _| mapping(app, "delete", &[]),
        &["sso.changed"],
    ),
    manager(
        "/account/sso/unlink",
        |app, _| {
            crate::sso::turn_on(app, &Provider::start(), |_| ());
            app.sql(&format!(
                "INSERT INTO member_identities (issuer, subject, member_id, linked_at) \
                 SELECT p.issuer, 'subject-1', m.id, 1 FROM sso_provider p, members m \
                 WHERE m.email_folded = '{EMAIL}'"
            ));
            form("/account/sso", "/account/sso/unlink", &[])
        },
        &["member.unlinked"],
    ),
    Write {
        path: "/sign-in/sso/logout",
        sender: Sender::Visitor,
        form: |app, _| {
            let provider = Provider::start();
            crate::sso::turn_on(app, &provider, |_| ());
            let member = app.member(TOMAS, false, &[]);
            crate::sso::link(app, &provider, &member, "subject-1");
            let token = provider.logout_token("subject-1", |_| ());
            form("/sign-in", "/sign-in/sso/logout", &[("logout_token", &token)])
        },
        events: &["session.ended_by_provider"],
    },
    manager("/webhooks", |_, _| form("/webhooks/new", "/webhooks", &WEBHOOK), &["webhook.created"]),
    manager("/webhooks/{webhook_id}/edit", |app, _| webhook(app, "edit"), &["webhook.edited"]),
    manager("/webhooks/{webhook_id}/delete", |app, _| webhook(app, "delete"), &["webhook.deleted"]),
    manager(
        "/webhooks/{webhook_id}/secret",
        |app, _| webhook(app, "secret"),
        &["webhook.secret_replaced"],
    ),
    manager("/webhooks/{webhook_id}/test", |app, _| webhook(app, "test"), &["webhook.tested"]),
    manager(
        "/webhooks/{webhook_id}/deliveries/{delivery_id}",
        |app, _| {
            let [webhook, delivery, _] = crate::webhooks::queue_messages(app);
            let path = format!("/webhooks/{webhook}/deliveries/{delivery}");
            form(&path, &path, &[])
        },
        &["webhook.sent_again"],
    ),
    manager(
        "/mail/{email_id}",
        |app, _| {
            let [_, _, email] = crate::webhooks::queue_messages(app);
            form("/mail", &format!("/mail/{email}"), &[])
        },
        &["mail.sent_again"],
    ),
];

/// Routes that write nothing, with the reason.
pub const EXCEPTIONS: [(&str, &str); 11] = [
    ("/preferences/theme", "the choice is kept in a cookie"),
    ("/diagnosis", "it checks a secret key in memory"),
    ("/diagnosis/lookup", "it checks a secret key in memory"),
    ("/leaks/new", "it searches a text in memory"),
    ("/sign-in/sso", "the attempt is kept in a cookie"),
    ("/invitation/sso", "the attempt is kept in a cookie"),
    ("/account/sso", "the attempt is kept in a cookie"),
    ("/settings/sso/test", "it asks the provider"),
    ("/settings/health", "it looks, and changes nothing"),
    ("/attention/restored", "it reads an export in memory"),
    ("/scopes/import", "it reads a document and shows what could be added"),
];
