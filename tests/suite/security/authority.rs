//! A permission counts for its strongest effect: what its holder can do in two steps, and a test
//! for each effect that it must not have.

use latchkey::base::clock::HOUR;
use latchkey::domain::members::Permission;

use crate::support::receiver::{Mode as Answer, Receiver};
use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Client, Page, key_fields, replaced};

/// The effects of one permission.
struct Authority {
    permission: Permission,
    /// What its holder can do by design, in one or two steps.
    reaches: &'static [&'static str],
    /// What its holder must not be able to do, with the test for it.
    never: &'static [(&'static str, fn())],
}

const AUTHORITY: [Authority; 8] = [
    Authority {
        permission: Permission::ViewKeys,
        reaches: &[
            "every key's name, role, scopes, addresses, usage and denials, and their exports",
            "a leak report, which the other super managers are notified of",
        ],
        never: &[
            ("a secret key", viewing_keys_does_not_reveal_a_secret),
            (
                "a rotation, revocation or halt through a leak report",
                viewing_keys_allows_only_reporting_a_leak,
            ),
        ],
    },
    Authority {
        permission: Permission::CreateKeys,
        reaches: &[
            "the organisation's whole API, with a new key of any role that exists",
            "introspection, with a key of a role that has latchkey:introspect: the managers of \
             roles decide whether there is one",
        ],
        never: &[
            ("details of another key, by duplicating it", creating_keys_does_not_reveal_other_keys),
            ("a scope that its role does not have", creating_keys_does_not_exceed_the_role),
        ],
    },
    Authority {
        permission: Permission::UpdateKeys,
        reaches: &[
            "a new secret key of every key, by rotating it",
            "a halt of every key, by disabling it until somebody enables it",
            "any role that exists for every key, by editing it",
        ],
        never: &[(
            "a revocation, in bulk, scheduled, or through a review or a leak",
            updating_keys_does_not_revoke_keys,
        )],
    },
    Authority {
        permission: Permission::DeleteKeys,
        reaches: &["the revocation of every key, one by one or in bulk"],
        never: &[(
            "a secret key, by rotating in bulk or through a leak",
            deleting_keys_does_not_reveal_a_secret,
        )],
    },
    Authority {
        permission: Permission::ManageRoles,
        reaches: &["the scopes of every key whose role is not built in, and of Full access keys"],
        never: &[
            ("another role for a key", managing_roles_does_not_change_the_role_of_a_key),
            ("more scopes for a built-in role", managing_roles_does_not_change_built_in_roles),
            ("scopes of Latchkey itself", managing_roles_does_not_add_scopes_of_latchkey),
        ],
    },
    Authority {
        permission: Permission::ManageMembers,
        reaches: &[
            "every account that has no more permissions than the manager, through links",
            "the removal of every account except the last one that manages members",
        ],
        never: &[
            (
                "an account with more permissions, by inviting",
                managing_members_does_not_invite_with_more_permissions,
            ),
            (
                "an account with more permissions, by inviting again",
                managing_members_does_not_renew_a_link_of_an_invitee_with_more_permissions,
            ),
            (
                "an account with more permissions, by enabling or resetting",
                managing_members_does_not_open_an_account_with_more_permissions,
            ),
            (
                "more permissions for any account, including the manager's own",
                managing_members_does_not_grant_more_permissions,
            ),
            (
                "mail to other members, by changing an address",
                managing_members_does_not_change_an_email_address,
            ),
            (
                "an old link to an account that has gained permissions",
                a_link_ends_when_its_account_gains_permissions,
            ),
        ],
    },
    Authority {
        permission: Permission::ViewActivity,
        reaches: &["the names and settings in entries, also in exports"],
        never: &[(
            "a secret, a password or a link, also in exports",
            viewing_the_activity_does_not_reveal_a_secret,
        )],
    },
    Authority {
        permission: Permission::ManageSettings,
        reaches: &[
            "details of keys in events, through a webhook: names, roles, scopes and addresses",
            "private networks that --webhook-networks allows, through a webhook",
            "subjects and recipients of email, in the email log",
        ],
        never: &[
            (
                "links of other members, through the mail server",
                managing_settings_does_not_redirect_mail,
            ),
            (
                "secret keys or links, through a webhook",
                managing_settings_does_not_send_a_secret_to_a_webhook,
            ),
            ("the mail server's password", managing_settings_does_not_reveal_the_mail_password),
            (
                "sessions that last longer than the program allows",
                managing_settings_does_not_extend_sessions_beyond_the_limit,
            ),
            (
                "other machines in private networks, through mail or webhooks",
                managing_settings_does_not_reach_private_networks,
            ),
        ],
    },
];

#[test]
fn every_permission_is_in_the_table_once_with_its_effects() {
    for permission in Permission::ALL {
        let rows = AUTHORITY.iter().filter(|row| row.permission == permission);
        let rows: Vec<&Authority> = rows.collect();
        assert_eq!(rows.len(), 1, "{permission}");
        assert!(!rows[0].reaches.is_empty(), "{permission}");
        for (path, _) in rows[0].never {
            assert!(!path.is_empty(), "{permission}");
        }
    }
}

/// A super manager with only one permission.
fn only(app: &App, permission: Permission) -> Client {
    app.super_manager_with(&[permission])
}

/// Sends a form with the token of its page, even if the client may not open that page.
fn post(app: &App, client: &Client, path: &str, fields: &[(&str, &str)]) -> Page {
    app.post_with_token(client, path, fields)
}

fn has_secret(page: &Page) -> bool {
    page.has("#secret-key") || page.body.contains("lk_prod_")
}

#[test]
fn viewing_keys_does_not_reveal_a_secret() {
    let app = App::set_up();
    let id = app.super_manager().key_named("Billing worker");
    let viewer = only(&app, Permission::ViewKeys);
    for path in [
        "/api-keys".to_owned(),
        format!("/api-keys/{id}"),
        "/usage/export.csv".into(),
        "/diagnosis".into(),
        "/leaks".into(),
    ] {
        let page = viewer.get(&path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!has_secret(&page), "{path}");
    }
    for path in [format!("/api-keys/{id}/rotate"), "/api-keys/bulk/rotate".into()] {
        let fields = [("overlap", "now"), ("lifetime", "90"), ("key", &id), ("keys", &id)];
        let page = post(&app, &viewer, &path, &fields);
        assert_eq!(page.status, 403, "{path}");
        assert!(!has_secret(&page), "{path}");
    }
}

#[test]
fn viewing_keys_allows_only_reporting_a_leak() {
    let app = App::set_up();
    let id = app.super_manager().key_named("Billing worker");
    let viewer = only(&app, Permission::ViewKeys);
    let before = app.contents();
    for action in ["disable", "rotate", "revoke", "stop"] {
        let fields = [("action", action), ("overlap", "now"), ("lifetime", "90")];
        let page = post(&app, &viewer, &format!("/api-keys/{id}/leak"), &fields);
        assert_eq!(page.status, 403, "{action}");
        assert!(!has_secret(&page), "{action}");
    }
    assert_eq!(app.contents(), before);
    let page = post(&app, &viewer, &format!("/api-keys/{id}/leak"), &[("action", "none")]);
    assert_eq!(page.status, 303);
    assert_eq!(app.count("leaks"), 1);
}

#[test]
fn creating_keys_does_not_reveal_other_keys() {
    let app = App::set_up();
    let id = app.key("Route planner");
    let creator = only(&app, Permission::CreateKeys);
    let page = creator.get(&format!("/api-keys/new?from={id}"));
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("Route planner"), "{}", page.body);
    app.sql("UPDATE settings SET active_key_limit = 1");
    let page = creator.create_key(&[("name", "One more")]);
    assert_eq!(page.status, 422);
    assert!(!page.body.contains("Route planner"), "{}", page.body);
}

#[test]
fn creating_keys_does_not_exceed_the_role() {
    let app = App::set_up();
    let creator = only(&app, Permission::CreateKeys);
    for scope in ["orders:write", "latchkey:introspect"] {
        let fields = [("role", "read-only"), ("access", "selected"), ("scopes", scope)];
        let page = post(&app, &creator, "/api-keys", &key_fields(&fields));
        assert_eq!(page.status, 422, "{scope}");
    }
    assert_eq!(app.count("api_keys"), 0);
}

/// The fields that disable a key for a week and then revoke it.
const REVOKED_LATER: [(&str, &str); 3] =
    [("reason", "Nobody knows it"), ("until", "7d"), ("then", "revoke")];

#[test]
fn updating_keys_does_not_revoke_keys() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let editor = app.super_manager_with(&[Permission::ViewKeys, Permission::UpdateKeys]);
    for (path, fields) in [
        (format!("/api-keys/{id}/revoke"), vec![]),
        ("/api-keys/bulk/revoke".into(), vec![("key", id.as_str()), ("keys", id.as_str())]),
        (format!("/api-keys/{id}/leak"), vec![("action", "revoke")]),
        (format!("/api-keys/{id}/disable"), REVOKED_LATER.to_vec()),
        ("/api-keys/bulk/disable".into(), [&[("keys", id.as_str())][..], &REVOKED_LATER].concat()),
    ] {
        assert_eq!(post(&app, &editor, &path, &fields).status, 403, "{path}");
    }
    assert_eq!(post(&app, &editor, "/reviews", &[]).status, 303);
    let review = app.texts("SELECT id AS text FROM reviews").remove(0);
    let decision = format!("decision_{id}");
    let fields = [(decision.as_str(), "revoke")];
    assert_eq!(post(&app, &editor, &format!("/reviews/{review}"), &fields).status, 303);
    post(&app, &editor, &format!("/reviews/{review}/finish"), &[]);
    assert_eq!(app.count("api_keys WHERE revoked_at IS NOT NULL"), 0);
}

#[test]
fn deleting_keys_does_not_reveal_a_secret() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let revoker = app.super_manager_with(&[Permission::ViewKeys, Permission::DeleteKeys]);
    let secrets = app.count("api_key_secrets");
    for (path, fields) in [
        (format!("/api-keys/{id}/rotate"), vec![("overlap", "now"), ("lifetime", "90")]),
        ("/api-keys/bulk/rotate".into(), vec![("key", id.as_str()), ("overlap", "now")]),
        (format!("/api-keys/{id}/leak"), vec![("action", "rotate"), ("overlap", "now")]),
        (format!("/api-keys/{id}/edit"), vec![("role", "full-access"), ("version", "1")]),
    ] {
        let page = post(&app, &revoker, &path, &fields);
        assert_eq!(page.status, 403, "{path}");
        assert!(!has_secret(&page), "{path}");
    }
    assert_eq!(app.count("api_key_secrets"), secrets);
}

#[test]
fn managing_roles_does_not_change_the_role_of_a_key() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let manager = only(&app, Permission::ManageRoles);
    for path in [format!("/api-keys/{id}/edit"), "/api-keys".into()] {
        let fields = key_fields(&[("role", "full-access"), ("version", "1")]);
        assert_eq!(post(&app, &manager, &path, &fields).status, 403, "{path}");
    }
    assert_eq!(app.count("api_keys"), 1);
}

#[test]
fn managing_roles_does_not_change_built_in_roles() {
    let app = App::set_up();
    let manager = only(&app, Permission::ManageRoles);
    let roles = || app.texts("SELECT slug || coverage AS text FROM roles ORDER BY slug");
    let before = (roles(), app.count("role_scopes"));
    for slug in ["read-only", "read-and-write", "full-access"] {
        let fields = [("name", "Wider"), ("scopes", "latchkey:introspect"), ("version", "1")];
        let page = post(&app, &manager, &format!("/roles/{slug}/edit"), &fields);
        assert_ne!(page.status, 200, "{slug}");
        let page = post(&app, &manager, &format!("/roles/{slug}/delete"), &[]);
        assert_ne!(page.status, 200, "{slug}");
    }
    assert_eq!((roles(), app.count("role_scopes")), before);
}

#[test]
fn managing_roles_does_not_add_scopes_of_latchkey() {
    let app = App::set_up();
    let manager = only(&app, Permission::ManageRoles);
    let scopes = app.count("scopes");
    let fields = [("resource", "latchkey"), ("operation", "manage")];
    assert_eq!(post(&app, &manager, "/scopes", &fields).status, 422);
    let fields = [("proposed", "latchkey:manage "), ("scopes", "latchkey:manage")];
    post(&app, &manager, "/scopes/import/confirm", &fields);
    assert_eq!(app.count("scopes"), scopes);
}

const TOMAS: &str = "tomas@meridianfreight.example";

fn id_of(app: &App, email: &str) -> String {
    app.texts(&format!("SELECT id AS text FROM members WHERE email_folded = '{email}'")).remove(0)
}

fn invite(client: &Client, fields: &[(&str, &str)]) -> Page {
    let usual = [("name", "Tomas Lind"), ("email", TOMAS)];
    client.submit_from("/members/new", "/members", &[&usual[..], fields].concat())
}

#[test]
fn managing_members_does_not_invite_with_more_permissions() {
    let app = App::set_up();
    let manager = only(&app, Permission::ManageMembers);
    for permission in Permission::ALL.into_iter().filter(|p| *p != Permission::ManageMembers) {
        let fields = [("super_manager", "yes"), ("permissions", permission.as_str())];
        assert_eq!(invite(&manager, &fields).status, 422, "{permission}");
    }
    assert_eq!(app.count("members"), 1);
}

#[test]
fn managing_members_does_not_renew_a_link_of_an_invitee_with_more_permissions() {
    let app = App::set_up();
    let fields = [("super_manager", "yes"), ("permissions", "api.key.view")];
    assert_eq!(invite(&app.super_manager(), &fields).status, 200);
    let manager = only(&app, Permission::ManageMembers);
    let page = post(&app, &manager, &format!("/members/{}/invite", id_of(&app, TOMAS)), &[]);
    assert_eq!(page.status, 403);
    assert!(!page.has("#one-time-link"));
}

#[test]
fn managing_members_does_not_open_an_account_with_more_permissions() {
    let app = App::set_up();
    app.member(TOMAS, true, &[Permission::ViewKeys]);
    let (manager, id) = (only(&app, Permission::ManageMembers), id_of(&app, TOMAS));
    let reset = post(&app, &manager, &format!("/members/{id}/reset-password"), &[]);
    assert_eq!(reset.status, 403);
    assert!(!reset.has("#one-time-link"));
    assert_eq!(app.count("one_time_codes"), 0);
    app.sql(&format!("UPDATE members SET disabled_at = 1 WHERE id = '{id}'"));
    assert_eq!(post(&app, &manager, &format!("/members/{id}/enable"), &[]).status, 403);
    assert_eq!(app.count("members WHERE disabled_at IS NOT NULL"), 1);
}

#[test]
fn managing_members_does_not_grant_more_permissions() {
    let app = App::set_up();
    app.member(TOMAS, true, &[]);
    let manager = only(&app, Permission::ManageMembers);
    let own = app.texts("SELECT member_id AS text FROM member_permissions").remove(0);
    for id in [id_of(&app, TOMAS), own] {
        for permission in Permission::ALL.into_iter().filter(|p| *p != Permission::ManageMembers) {
            let fields = [
                ("super_manager", "yes"),
                ("permissions", "member.manage"),
                ("permissions", permission.as_str()),
                ("version", "1"),
            ];
            let page = post(&app, &manager, &format!("/members/{id}/edit"), &fields);
            assert_eq!(page.status, 422, "{permission}");
        }
    }
    assert_eq!(app.count("member_permissions"), 1);
}

#[test]
fn managing_members_does_not_change_an_email_address() {
    let app = App::set_up();
    app.member(TOMAS, false, &[]);
    let (manager, id) = (only(&app, Permission::ManageMembers), id_of(&app, TOMAS));
    let fields = [
        ("super_manager", "yes"),
        ("permissions", "member.manage"),
        ("email", "mallory@example.com"),
        ("version", "1"),
    ];
    assert_eq!(post(&app, &manager, &format!("/members/{id}/edit"), &fields).status, 303);
    let fields = [("name", "Mallory"), ("email", "mallory@example.com")];
    assert_eq!(post(&app, &manager, "/account/edit", &fields).status, 303);
    assert_eq!(app.count("members WHERE email_folded = 'mallory@example.com'"), 0);
}

#[test]
fn a_link_ends_when_its_account_gains_permissions() {
    let app = App::set_up();
    let manager = only(&app, Permission::ManageMembers);
    let link = |page: &Page| {
        page.text("#one-time-link").strip_prefix(app.url.as_str()).expect("a link").to_owned()
    };
    let invitation = link(&invite(&manager, &[]));
    app.member("noor@meridianfreight.example", true, &[]);
    let noor = id_of(&app, "noor@meridianfreight.example");
    let reset = link(&post(&app, &manager, &format!("/members/{noor}/reset-password"), &[]));
    let ines = app.super_manager();
    for (id, link) in [(id_of(&app, TOMAS), invitation), (noor, reset)] {
        assert_eq!(app.anonymous().get(&link).status, 200);
        let fields = [("super_manager", "yes"), ("permissions", "api.key.view"), ("version", "1")];
        assert_eq!(post(&app, &ines, &format!("/members/{id}/edit"), &fields).status, 303);
        assert_eq!(app.anonymous().get(&link).status, 404);
    }
}

/// Creates secrets that are shown only once, and returns them.
fn secrets(app: &App, manager: &Client, receiver: &Receiver) -> Vec<String> {
    let created = manager.create_key(&[]);
    let rotate = format!("/api-keys/{}/rotate", created.key_id());
    let rotated = manager.submit(&rotate, &[("overlap", "7d"), ("lifetime", "90")]);
    let webhook = [
        ("url", receiver.url.as_str()),
        ("events", "api_key.created"),
        ("events", "api_key.rotated"),
        ("events", "api_key.revoked"),
        ("events", "alert.opened"),
    ];
    let webhook = manager.submit_from("/webhooks/new", "/webhooks", &webhook);
    let link = invite(manager, &[]).text("#one-time-link");
    let id = app.member("noor@meridianfreight.example", false, &[]).id;
    let reset = post(app, manager, &format!("/members/{}/reset-password", id.as_str()), &[]);
    let reset = reset.text("#one-time-link");
    let code = |link: &str| link.split_once("code=").expect("a code").1.to_owned();
    let mail = [
        ("mail_host", "localhost"),
        ("mail_port", "2525"),
        ("mail_security", "none"),
        ("mail_username", "latchkey"),
        ("mail_password", "hunter2 hunter2"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    assert_eq!(manager.submit_from("/settings", "/settings/mail", &mail).status, 303);
    let mut all = vec![created.secret(), rotated.secret(), webhook.secret()];
    all.extend([code(&link), code(&reset), "hunter2".into()]);
    assert!(all.iter().all(|secret| secret.len() >= 7), "{all:?}");
    all
}

#[test]
fn viewing_the_activity_does_not_reveal_a_secret() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    let secrets = secrets(&app, &app.super_manager(), &receiver);
    let viewer = only(&app, Permission::ViewActivity);
    let mut pages: Vec<String> =
        ["", "/export.csv", "/export.jsonl"].map(|path| format!("/activity{path}")).into();
    pages.extend((1..=app.count("activity")).map(|number| format!("/activity/{number}")));
    for path in pages {
        let page = viewer.get(&path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!secrets.iter().any(|secret| page.body.contains(secret)), "{path}");
    }
}

#[test]
fn managing_settings_does_not_redirect_mail() {
    let app = App::set_up();
    app.member(TOMAS, true, &Permission::ALL);
    let (ines, mallory) = (app.super_manager(), only(&app, Permission::ManageSettings));
    let (trusted, hostile) = (Smtp::start(Mode::Accepts), Smtp::start(Mode::Accepts));
    let save = |client: &Client, port: u16| {
        let port = port.to_string();
        let fields = [
            ("mail_host", "localhost"),
            ("mail_port", port.as_str()),
            ("mail_security", "none"),
            ("mail_sender", "latchkey@meridianfreight.example"),
            ("organisation", "Mallory"),
        ];
        let mail = post(&app, client, "/settings/mail", &fields).status;
        // The other form on the page must ignore these fields.
        let shown = client.get("/settings").form_fields("form[action='/settings']");
        let status = client.post("/settings", &replaced(&shown, &fields[..4])).status;
        assert_eq!(status, 303);
        mail
    };
    assert_eq!(save(&mallory, hostile.port), 403);
    assert_eq!(app.count("mail_server"), 0);
    assert_eq!(save(&ines, trusted.port), 303);
    assert_eq!(save(&mallory, hostile.port), 403);
    let path = format!("/members/{}/reset-password", id_of(&app, TOMAS));
    assert_eq!(post(&app, &ines, &path, &[]).status, 200);
    assert_eq!(app.send_mail(), 1);
    assert!(trusted.message().expect("a message").contains("/reset-password?code"));
    assert_eq!(hostile.message(), None);
}

#[test]
fn managing_settings_does_not_send_a_secret_to_a_webhook() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    let manager = app.super_manager();
    let mallory = only(&app, Permission::ManageSettings);
    let events = ["api_key.created", "api_key.rotated", "api_key.revoked", "alert.opened"];
    let mut fields = vec![("url", receiver.url.as_str())];
    fields.extend(events.map(|event| ("events", event)));
    let page = mallory.submit_from("/webhooks/new", "/webhooks", &fields);
    assert_eq!(page.status, 200, "{:?}", page.errors());
    let secrets = secrets(&app, &manager, &receiver);
    app.advance(HOUR);
    app.find_alerts();
    while app.send_webhooks() > 0 {}
    let messages = receiver.messages();
    assert!(!messages.is_empty());
    for message in messages {
        assert!(!secrets.iter().any(|secret| message.body.contains(secret)), "{}", message.body);
    }
}

#[test]
fn managing_settings_does_not_reveal_the_mail_password() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    let secrets = secrets(&app, &app.super_manager(), &receiver);
    let mallory = only(&app, Permission::ManageSettings);
    for path in ["/settings", "/mail", "/webhooks", "/settings/alerts"] {
        let page = mallory.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!secrets.iter().any(|secret| page.body.contains(secret)), "{path}");
    }
}

#[test]
fn managing_settings_does_not_extend_sessions_beyond_the_limit() {
    let app = App::set_up();
    let mallory = only(&app, Permission::ManageSettings);
    for (field, value) in [("session_hours", "13"), ("session_idle_minutes", "61")] {
        let shown = mallory.get("/settings").form_fields("form[action='/settings']");
        let page = mallory.post("/settings", &replaced(&shown, &[(field, value)]));
        assert_eq!(page.status, 422, "{field}");
    }
}

#[test]
fn managing_settings_does_not_reach_private_networks() {
    let app = App::set_up();
    let mallory = only(&app, Permission::ManageSettings);
    for url in ["http://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/"] {
        let fields = [("url", url), ("events", "api_key.created")];
        let page = mallory.submit_from("/webhooks/new", "/webhooks", &fields);
        assert_eq!(page.status, 422, "{url}");
    }
}
