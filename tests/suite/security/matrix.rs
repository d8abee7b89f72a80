//! The permission matrix: what every route and method answers to every kind of caller.

use std::fmt;

use latchkey::base::clock::{HOUR, SECOND};
use latchkey::domain::api_keys::KeyId;
use latchkey::domain::disabling::{self, Draft};
use latchkey::domain::leaks::{self, LeakId};
use latchkey::domain::members::Permission;
use latchkey::domain::reviews::{self, ReviewId};
use latchkey::domain::usage::Outcome;
use latchkey::web::routes::{Access, Pages};

use crate::support::{App, Client, Page, key_fields};
use crate::usage::record_denial;

/// The status with which a route answers each caller.
struct Row {
    method: &'static str,
    path: &'static str,
    /// For callers without a session, or with one that has ended.
    anonymous: u16,
    /// For members who are not super managers.
    member: u16,
    /// For super managers without the permission, if the route needs one.
    without: u16,
    /// For super managers with the permission.
    with: u16,
    permission: Option<Permission>,
    /// Whether the route needs every permission.
    needs_every: bool,
}

const fn public(method: &'static str, path: &'static str, anonymous: u16, others: u16) -> Row {
    let (member, without, with) = (others, others, others);
    Row { method, path, anonymous, member, without, with, permission: None, needs_every: false }
}

const fn gated(method: &'static str, path: &'static str, with: u16, permission: Permission) -> Row {
    let permission = Some(permission);
    let needs_every = false;
    Row { method, path, anonymous: 303, member: 403, without: 403, with, permission, needs_every }
}

/// A route for super managers with every permission.
const fn unrestricted(method: &'static str, path: &'static str, with: u16) -> Row {
    Row { needs_every: true, ..gated(method, path, with, Permission::ManageSettings) }
}

/// A route for every member with a session.
const fn signed_in(method: &'static str, path: &'static str, status: u16) -> Row {
    public(method, path, 303, status)
}

const fn members(method: &'static str, path: &'static str, with: u16) -> Row {
    gated(method, path, with, Permission::ManageMembers)
}

const MEMBERS: &[Row] = &[
    public("GET", "/invitation", 404, 404),
    public("POST", "/invitation", 422, 422),
    signed_in("GET", "/account", 200),
    signed_in("POST", "/account/edit", 303),
    signed_in("GET", "/account/sso", 200),
    signed_in("POST", "/account/sso", 303),
    signed_in("POST", "/account/sso/unlink", 303),
    signed_in("POST", "/account/password", 422),
    signed_in("GET", "/account/two-step", 200),
    signed_in("GET", "/account/two-step/app", 200),
    signed_in("POST", "/account/two-step/app", 422),
    signed_in("GET", "/account/two-step/app/remove", 303),
    signed_in("POST", "/account/two-step/app/remove", 303),
    signed_in("GET", "/account/two-step/recovery-codes", 303),
    signed_in("POST", "/account/two-step/recovery-codes", 303),
    public("GET", "/sign-in/code", 303, 303),
    public("POST", "/sign-in/code", 303, 303),
    signed_in("GET", "/account/two-step/passkeys", 303),
    signed_in("POST", "/account/two-step/passkeys", 303),
    signed_in("GET", "/account/two-step/passkeys/{passkey_id}/rename", 404),
    signed_in("POST", "/account/two-step/passkeys/{passkey_id}/rename", 404),
    signed_in("GET", "/account/two-step/passkeys/{passkey_id}/remove", 404),
    signed_in("POST", "/account/two-step/passkeys/{passkey_id}/remove", 404),
    signed_in("POST", "/account/sessions/end", 303),
    signed_in("POST", "/account/sessions/end-others", 303),
    members("GET", "/members", 200),
    members("POST", "/members", 200),
    members("GET", "/members/new", 200),
    members("GET", "/members/{member_id}/edit", 200),
    members("POST", "/members/{member_id}/edit", 303),
    members("GET", "/members/{member_id}/contain", 200),
    members("POST", "/members/{member_id}/contain", 303),
    gated("GET", "/members/{member_id}/keys", 200, Permission::ViewKeys),
    gated("GET", "/attention/restored", 200, Permission::ViewKeys),
    gated("POST", "/attention/restored", 200, Permission::ViewKeys),
    // No restore is to be checked.
    gated("GET", "/attention/restored/done", 303, Permission::UpdateKeys),
    gated("POST", "/attention/restored/done", 303, Permission::UpdateKeys),
    members("GET", "/members/{member_id}/disable", 200),
    members("POST", "/members/{member_id}/disable", 303),
    members("GET", "/members/{member_id}/enable", 200),
    members("POST", "/members/{member_id}/enable", 303),
    members("GET", "/members/{member_id}/delete", 200),
    members("POST", "/members/{member_id}/delete", 303),
    // The member has no second factor.
    members("GET", "/members/{member_id}/two-step/remove", 303),
    members("POST", "/members/{member_id}/two-step/remove", 303),
    members("GET", "/members/{member_id}/invite", 200),
    members("POST", "/members/{member_id}/invite", 200),
    members("GET", "/members/{member_id}/withdraw", 200),
    members("POST", "/members/{member_id}/withdraw", 303),
    members("GET", "/members/{member_id}/reset-password", 200),
    members("POST", "/members/{member_id}/reset-password", 200),
];

const ROWS: &[Row] = &[
    public("GET", "/robots.txt", 200, 200),
    public("GET", "/", 303, 303),
    public("GET", "/.well-known/change-password", 303, 303),
    public("GET", "/sign-in", 200, 303),
    public("POST", "/sign-in", 422, 422),
    public("POST", "/sign-in/passkey", 422, 422),
    public("POST", "/sign-in/sso", 303, 303),
    public("GET", "/sign-in/sso/callback", 403, 403),
    public("POST", "/sign-in/sso/logout", 400, 400),
    public("POST", "/invitation/sso", 303, 303),
    public("POST", "/sign-out", 303, 303),
    public("GET", "/set-up", 404, 404),
    public("POST", "/set-up", 404, 404),
    public("GET", "/reset-password", 404, 404),
    public("POST", "/reset-password", 422, 422),
    public("POST", "/preferences/theme", 303, 303),
    gated("GET", "/api-keys", 200, Permission::ViewKeys),
    gated("POST", "/api-keys", 200, Permission::CreateKeys),
    gated("GET", "/api-keys/new", 200, Permission::CreateKeys),
    gated("GET", "/attention", 200, Permission::ViewKeys),
    gated("GET", "/api-keys/{key_id}", 200, Permission::ViewKeys),
    gated("GET", "/api-keys/{key_id}/edit", 200, Permission::UpdateKeys),
    gated("POST", "/api-keys/{key_id}/edit", 303, Permission::UpdateKeys),
    gated("GET", "/api-keys/{key_id}/rotate", 200, Permission::UpdateKeys),
    gated("POST", "/api-keys/{key_id}/rotate", 200, Permission::UpdateKeys),
    gated("GET", "/api-keys/{key_id}/disable", 200, Permission::UpdateKeys),
    gated("POST", "/api-keys/{key_id}/disable", 303, Permission::UpdateKeys),
    gated("GET", "/api-keys/{key_id}/enable", 200, Permission::UpdateKeys),
    gated("POST", "/api-keys/{key_id}/enable", 303, Permission::UpdateKeys),
    gated("GET", "/api-keys/{key_id}/stop-old-secret", 303, Permission::UpdateKeys),
    gated("POST", "/api-keys/{key_id}/stop-old-secret", 303, Permission::UpdateKeys),
    gated("GET", "/api-keys/{key_id}/revoke", 200, Permission::DeleteKeys),
    gated("GET", "/api-keys/{key_id}/addresses", 200, Permission::ViewKeys),
    gated("GET", "/usage", 200, Permission::ViewKeys),
    gated("GET", "/usage/export.csv", 200, Permission::ViewKeys),
    gated("GET", "/usage/denials", 200, Permission::ViewKeys),
    gated("GET", "/usage/denials/{request_id}", 200, Permission::ViewKeys),
    gated("GET", "/diagnosis", 200, Permission::ViewKeys),
    gated("POST", "/diagnosis", 200, Permission::ViewKeys),
    gated("POST", "/diagnosis/lookup", 200, Permission::ViewKeys),
    gated("GET", "/usage/address", 404, Permission::ViewKeys),
    gated("GET", "/get-started", 200, Permission::ViewKeys),
    gated("POST", "/api-keys/checklist/dismiss", 303, Permission::ManageSettings),
    gated("GET", "/activity", 200, Permission::ViewActivity),
    gated("GET", "/activity/export.csv", 200, Permission::ViewActivity),
    gated("GET", "/activity/export.jsonl", 200, Permission::ViewActivity),
    gated("GET", "/activity/{number}", 200, Permission::ViewActivity),
    gated("GET", "/settings", 200, Permission::ManageSettings),
    gated("POST", "/settings", 409, Permission::ManageSettings),
    gated("GET", "/settings/health", 200, Permission::ManageSettings),
    gated("POST", "/settings/health", 200, Permission::ManageSettings),
    unrestricted("POST", "/settings/mail", 303),
    unrestricted("GET", "/settings/sso", 200),
    unrestricted("POST", "/settings/sso", 303),
    unrestricted("POST", "/settings/sso/test", 303),
    unrestricted("POST", "/settings/sso/break-glass", 303),
    unrestricted("GET", "/settings/sso/mappings/new", 200),
    unrestricted("POST", "/settings/sso/mappings/new", 422),
    unrestricted("GET", "/settings/sso/mappings/{mapping_id}/edit", 404),
    unrestricted("POST", "/settings/sso/mappings/{mapping_id}/edit", 404),
    unrestricted("GET", "/settings/sso/mappings/{mapping_id}/delete", 404),
    unrestricted("POST", "/settings/sso/mappings/{mapping_id}/delete", 404),
    gated("POST", "/settings/mail/test", 422, Permission::ManageSettings),
];
const REVOKE: Row = gated("POST", "/api-keys/{key_id}/revoke", 303, Permission::DeleteKeys);

/// Without selected keys these routes only redirect.
const SELECTED: &[Row] = &[
    signed_in("GET", "/api-keys/selected/{action}", 303),
    gated("GET", "/api-keys/bulk/disable", 303, Permission::UpdateKeys),
    gated("POST", "/api-keys/bulk/disable", 303, Permission::UpdateKeys),
    gated("GET", "/api-keys/bulk/snooze", 303, Permission::UpdateKeys),
    gated("POST", "/api-keys/bulk/snooze", 303, Permission::UpdateKeys),
    gated("GET", "/api-keys/bulk/rotate", 303, Permission::UpdateKeys),
    gated("POST", "/api-keys/bulk/rotate", 303, Permission::UpdateKeys),
    gated("GET", "/api-keys/bulk/revoke", 303, Permission::DeleteKeys),
    gated("POST", "/api-keys/bulk/revoke", 303, Permission::DeleteKeys),
];

const fn roles(method: &'static str, path: &'static str, with: u16) -> Row {
    gated(method, path, with, Permission::ManageRoles)
}

const ROLES_AND_SCOPES: &[Row] = &[
    roles("GET", "/roles", 200),
    roles("POST", "/roles", 303),
    roles("GET", "/roles/new", 200),
    roles("GET", "/roles/{slug}", 200),
    roles("GET", "/roles/{slug}/edit", 200),
    roles("POST", "/roles/{slug}/edit", 303),
    roles("GET", "/roles/{slug}/delete", 200),
    roles("POST", "/roles/{slug}/delete", 303),
    roles("GET", "/scopes", 200),
    roles("POST", "/scopes", 303),
    roles("GET", "/scopes/new", 200),
    roles("GET", "/scopes/import", 200),
    roles("POST", "/scopes/import", 200),
    roles("POST", "/scopes/import/confirm", 303),
    roles("GET", "/scopes/{scope}/edit", 200),
    roles("POST", "/scopes/{scope}/edit", 303),
    roles("GET", "/scopes/{scope}/delete", 200),
    roles("POST", "/scopes/{scope}/delete", 303),
];

const LEAKS_AND_REVIEWS: &[Row] = &[
    gated("GET", "/api-keys/{key_id}/leak", 200, Permission::ViewKeys),
    gated("POST", "/api-keys/{key_id}/leak", 303, Permission::ViewKeys),
    gated("GET", "/leaks", 200, Permission::ViewKeys),
    gated("GET", "/leaks/new", 200, Permission::ViewKeys),
    gated("POST", "/leaks/new", 200, Permission::ViewKeys),
    gated("GET", "/leaks/{leak_id}", 200, Permission::ViewKeys),
    gated("POST", "/leaks/{leak_id}/notes", 303, Permission::UpdateKeys),
    gated("POST", "/leaks/{leak_id}/close", 303, Permission::UpdateKeys),
    gated("GET", "/reviews", 200, Permission::ViewKeys),
    gated("POST", "/reviews", 303, Permission::UpdateKeys),
    gated("GET", "/reviews/{review_id}", 200, Permission::ViewKeys),
    gated("POST", "/reviews/{review_id}", 303, Permission::UpdateKeys),
    // Without a key to keep, both lead back to the review.
    gated("GET", "/reviews/{review_id}/keep", 303, Permission::UpdateKeys),
    gated("POST", "/reviews/{review_id}/keep", 303, Permission::UpdateKeys),
    gated("GET", "/reviews/{review_id}/finish", 200, Permission::UpdateKeys),
    gated("POST", "/reviews/{review_id}/finish", 422, Permission::UpdateKeys),
    gated("GET", "/reviews/{review_id}/cancel", 200, Permission::UpdateKeys),
    gated("POST", "/reviews/{review_id}/cancel", 303, Permission::UpdateKeys),
    gated("GET", "/reviews/{review_id}/report", 200, Permission::ViewKeys),
    gated("GET", "/reviews/{review_id}/report.csv", 200, Permission::ViewKeys),
];

const fn settings(method: &'static str, path: &'static str, with: u16) -> Row {
    gated(method, path, with, Permission::ManageSettings)
}

const ALERTS: &[Row] = &[
    gated("GET", "/alerts", 200, Permission::ViewKeys),
    settings("GET", "/settings/alerts", 200),
    settings("POST", "/settings/alerts", 422),
];

const WEBHOOKS_AND_MAIL: &[Row] = &[
    settings("GET", "/webhooks", 200),
    settings("POST", "/webhooks", 200),
    settings("GET", "/webhooks/new", 200),
    settings("GET", "/webhooks/{webhook_id}", 200),
    settings("GET", "/webhooks/{webhook_id}/edit", 200),
    settings("POST", "/webhooks/{webhook_id}/edit", 303),
    settings("GET", "/webhooks/{webhook_id}/delete", 200),
    settings("POST", "/webhooks/{webhook_id}/delete", 303),
    settings("GET", "/webhooks/{webhook_id}/secret", 200),
    settings("POST", "/webhooks/{webhook_id}/secret", 200),
    settings("POST", "/webhooks/{webhook_id}/test", 303),
    settings("GET", "/webhooks/{webhook_id}/deliveries/{delivery_id}", 200),
    settings("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}", 303),
    settings("GET", "/mail", 200),
    settings("POST", "/mail/{email_id}", 303),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    let others = MEMBERS
        .iter()
        .chain(ROLES_AND_SCOPES)
        .chain(SELECTED)
        .chain(WEBHOOKS_AND_MAIL)
        .chain(ALERTS)
        .chain(LEAKS_AND_REVIEWS);
    ROWS.iter().chain([&REVOKE]).chain(others)
}

/// Creates a role and a scope that nothing uses, so that the matrix can edit and delete them.
const RESET: &str = "
    DELETE FROM reviews; DELETE FROM role_scopes; DELETE FROM roles WHERE coverage = 'chosen';
    DELETE FROM scopes WHERE resource = 'matrix';
    INSERT INTO scopes (name, resource, operation, description, position, built_in, created_at)
        VALUES ('matrix:read', 'matrix', 'read', '', 50, false, 1);
    INSERT INTO roles VALUES ('role_matrix', 'matrix', 'Matrix', 'matrix', '', 'chosen', 2, 1, 1);
    INSERT INTO role_scopes VALUES ('role_matrix', 'orders:read');";

/// Who sends a request.
#[derive(Clone, Copy)]
enum Caller {
    Anonymous,
    Disabled,
    Expired,
    /// Has the rows of every permission, which have no effect without the role.
    Member,
    SuperManager(&'static [Permission]),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Disabled => f.write_str("a disabled member"),
            Self::Expired => f.write_str("an expired session"),
            Self::Member => f.write_str("a member"),
            Self::SuperManager(permissions) => {
                let names: Vec<_> = permissions.iter().map(Permission::as_str).collect();
                write!(f, "a super manager with [{}]", names.join(" "))
            }
        }
    }
}

fn callers() -> Vec<Caller> {
    let mut callers =
        vec![Caller::Anonymous, Caller::Disabled, Caller::Member, Caller::SuperManager(&[])];
    callers.extend(Permission::ALL.chunks(1).map(Caller::SuperManager));
    callers.push(Caller::SuperManager(&Permission::ALL));
    callers.push(Caller::Expired);
    callers
}

impl Row {
    fn expected(&self, caller: Caller) -> u16 {
        match (caller, self.permission) {
            (Caller::Anonymous | Caller::Disabled | Caller::Expired, _) => self.anonymous,
            (Caller::Member, _) => self.member,
            (Caller::SuperManager(held), Some(needed)) if !held.contains(&needed) => self.without,
            (Caller::SuperManager(held), _) if self.needs_every && held != Permission::ALL => {
                self.without
            }
            (Caller::SuperManager(_), _) => self.with,
        }
    }
}

const TARGET: &str = "target@meridianfreight.example";
const NOOR: &str = "noor@meridianfreight.example";

/// The program under test, with a session of the member who becomes each caller.
struct Fixture {
    app: App,
    client: Client,
    /// A webhook, one of its deliveries, and an email message.
    sent: [String; 3],
    /// The id of a denied request.
    denied: String,
}

impl Fixture {
    fn new() -> Self {
        let app = App::set_up();
        app.member(NOOR, true, &Permission::ALL);
        let client = app.signed_in(NOOR);
        let denied = record_denial(&app, None, "192.0.2.9", (Outcome::InvalidKey, ""), "/");
        Self { app, client, sent: Default::default(), denied }
    }

    /// Gives the member the rights of `caller`, without ending the session.
    fn become_caller(&self, caller: Caller) {
        let (is_super, permissions) = match caller {
            Caller::SuperManager(permissions) => (true, permissions),
            Caller::Disabled => (true, &Permission::ALL[..]),
            _ => (false, &Permission::ALL[..]),
        };
        let disabled = if matches!(caller, Caller::Disabled) { "1" } else { "NULL" };
        let noor = format!("(SELECT id FROM members WHERE email_folded = '{NOOR}')");
        let mut sql = format!(
            "UPDATE members SET super_manager = {is_super}, disabled_at = {disabled} \
             WHERE id = {noor}; DELETE FROM member_permissions WHERE member_id = {noor};"
        );
        for permission in permissions {
            sql.push_str("INSERT INTO member_permissions VALUES (");
            sql.push_str(&noor);
            sql.push_str(", '");
            sql.push_str(permission.as_str());
            sql.push_str("');");
        }
        self.app.sql(&sql);
    }

    /// A client of the caller, whose session already has a key for form tokens.
    fn client_of(&self, row: &Row, caller: Caller) -> Client {
        let client = match caller {
            Caller::Anonymous => self.app.anonymous(),
            _ => self.client.copy(),
        };
        if row.method == "GET" {
            self.become_caller(caller);
            return client;
        }
        self.become_caller(Caller::SuperManager(&Permission::ALL));
        let is_public = row.permission.is_none() && row.path != "/sign-out";
        let page = match caller {
            Caller::Anonymous | Caller::Expired => client.get("/sign-in"),
            Caller::Disabled if is_public => {
                self.become_caller(caller);
                client.get("/sign-in")
            }
            _ => client.get("/api-keys"),
        };
        assert_eq!(page.status, 200, "{} for {caller} sent to {}", row.path, page.location());
        self.become_caller(caller);
        client
    }

    /// Creates a member in the state that the route is for and returns the ID.
    fn create_target(&self, path: &str) -> String {
        if !path.contains("{member_id}") {
            return String::new();
        }
        self.app.sql(&format!(
            "DELETE FROM members WHERE email_folded IN ('{TARGET}', 'made@example.com')"
        ));
        let id = self.app.member(TARGET, false, &[]).id;
        let state = match path.rsplit('/').next() {
            Some("enable") => "disabled_at = 1",
            Some("invite" | "withdraw") => "invited_until = 1, password_hash = NULL",
            _ => "disabled_at = NULL",
        };
        self.app.sql(&format!("UPDATE members SET {state} WHERE id = '{}'", id.as_str()));
        id.as_str().to_owned()
    }

    /// The rows of the target, and of the member whom the matrix may invite.
    fn target_rows(&self) -> Vec<String> {
        self.app.texts(&format!(
            "SELECT email || CAST(super_manager AS TEXT) || COALESCE(CAST(disabled_at AS TEXT), \
             '-') || COALESCE(CAST(invited_until AS TEXT), '-') || \
             CAST(password_hash IS NULL AS TEXT) AS text FROM members \
             WHERE email_folded IN ('{TARGET}', 'made@example.com')"
        ))
    }

    /// `path` with the IDs of the leak report and the review that were created for it.
    fn with_leak_and_review(&self, path: &str, id: &str) -> String {
        let leak = format!("SELECT id AS text FROM leaks WHERE key_id = '{id}'");
        let leak = self.app.texts(&leak).pop().unwrap_or_default();
        let review = self.app.texts("SELECT id AS text FROM reviews").pop().unwrap_or_default();
        path.replace("{leak_id}", &leak)
            .replace("{review_id}", &review)
            .replace("{action}", "disable")
    }

    /// Disables the key that the route enables.
    fn disable_key(&self, path: &str, id: &str) {
        if path == "/api-keys/{key_id}/enable" {
            let key_id = KeyId::parse(id).expect("a Key ID");
            let draft = Draft { reason: "The matrix enables it".into(), ..Draft::default() };
            self.app.write(|tx, context| disabling::disable(tx, &key_id, &draft, context));
        }
    }

    /// Creates the leak report or the review that the route is about.
    fn create_leak_or_review(&self, path: &str, id: &str) {
        if path.contains("{leak_id}") {
            let key = KeyId::parse(id).expect("a Key ID");
            let draft = leaks::Draft { action: "none".into(), ..leaks::Draft::default() };
            let leak = LeakId::random().expect("random");
            self.app.write(|tx, context| leaks::report(tx, leak, &key, &draft, context));
        }
        if path.contains("{review_id}") {
            let review = ReviewId::random().expect("random");
            self.app.write(|tx, context| reviews::start(tx, review.clone(), context));
            self.app.write(|tx, _| reviews::list_keys(tx, &review));
        }
    }

    /// Sends a complete request, which succeeds if the caller has the permission.
    fn send(&self, row: &Row, caller: Caller, id: &str) -> Page {
        let client = self.client_of(row, caller);
        let path = row.path.replace("{key_id}", id).replace("{number}", "1");
        let path = path.replace("{slug}", "matrix").replace("{scope}", "matrix:read");
        let path = path.replace("{member_id}", &self.create_target(row.path));
        let [webhook, delivery, email] = &self.sent;
        let path = path.replace("{webhook_id}", webhook).replace("{delivery_id}", delivery);
        let path = path.replace("{email_id}", email).replace("{request_id}", &self.denied);
        let path = self.with_leak_and_review(&path, id);
        if row.method == "GET" {
            return client.get(&path);
        }
        // The token is valid, so that only the rights of the caller can deny the request.
        let page = Pages::of(&latchkey::server::routes()).nearest(row.path, &path).1;
        let token = self.app.token(&client, page);
        let mut fields = match row.path {
            "/api-keys" => key_fields(&[("name", "Made by the matrix")]),
            "/api-keys/{key_id}/edit" => vec![
                ("name", "Edited by the matrix"),
                ("role", "read-only"),
                ("expires_on", "2027-01-31"),
                ("version", "1"),
            ],
            "/api-keys/{key_id}/rotate" => vec![("overlap", "7d"), ("lifetime", "90")],
            "/api-keys/{key_id}/disable" => vec![("reason", "The matrix tries it")],
            "/members" => vec![("name", "Made by the matrix"), ("email", "made@example.com")],
            "/members/{member_id}/edit" => {
                vec![("version", "1"), ("super_manager", "yes"), ("permissions", "member.manage")]
            }
            "/webhooks" | "/webhooks/{webhook_id}/edit" => {
                vec![
                    ("url", "http://127.0.0.1:1/matrix"),
                    ("events", "api_key.revoked"),
                    ("version", "1"),
                ]
            }
            "/account/edit" => vec![("name", "Noor Haddad")],
            "/diagnosis" | "/diagnosis/lookup" => vec![("question", "lk_prod_x")],
            "/api-keys/{key_id}/leak" => vec![("action", "none")],
            "/leaks/new" | "/leaks/{leak_id}/notes" => vec![("text", "lk_prod_x")],
            "/roles" | "/roles/{slug}/edit" => {
                vec![("name", "Made by the matrix"), ("scopes", "orders:read"), ("version", "1")]
            }
            // No key gains it, so nothing has to be confirmed.
            "/scopes" => vec![("resource", "matrix"), ("operation", "count")],
            "/scopes/{scope}/edit" => vec![("description", "Matrices"), ("version", "1")],
            "/scopes/import" => {
                vec![("document", r#"{"openapi":"3.0.0","paths":{"/matrix":{"put":{}}}}"#)]
            }
            "/scopes/import/confirm" => {
                vec![("proposed", "matrix:count "), ("scopes", "matrix:count")]
            }
            _ => vec![],
        };
        fields.push(("form_token", &token));
        client.post(&path, &fields)
    }
}

#[test]
fn every_route_answers_every_caller_as_the_matrix_says() {
    let mut fixture = Fixture::new();
    for caller in callers() {
        if matches!(caller, Caller::Expired) {
            fixture.app.advance(13 * HOUR);
        } else {
            // A session would end if it was not used while the other callers send their requests.
            fixture.become_caller(Caller::SuperManager(&Permission::ALL));
            fixture.client = fixture.app.signed_in(NOOR);
        }
        for row in rows() {
            // Avoids the limits on attempts with passwords and links.
            fixture.app.advance(10 * SECOND);
            fixture.app.sql("DELETE FROM api_keys");
            fixture.app.sql(RESET);
            let id = fixture.app.key("Billing worker");
            fixture.app.sql("DELETE FROM members WHERE email_folded = 'made@example.com'");
            fixture.app.sql(
                "DELETE FROM webhook_endpoints; DELETE FROM mail_outbox; DELETE FROM mail_server",
            );
            if row.path.starts_with("/webhooks") || row.path.starts_with("/mail") {
                fixture.sent = crate::webhooks::queue_messages(&fixture.app);
            }
            fixture.create_target(row.path);
            fixture.create_leak_or_review(row.path, &id);
            fixture.disable_key(row.path, &id);
            let target_before = fixture.target_rows();
            // The contents can be compared only if the request must not change anything.
            let is_denied = row.permission.is_some() && row.expected(caller) != row.with;
            let before =
                if is_denied { fixture.app.contents_except("members") } else { Vec::new() };
            let page = fixture.send(row, caller, &id);
            let case = format!("{} {} by {caller}: {}", row.method, row.path, page.body);
            assert_eq!(page.status, row.expected(caller), "{case}");
            if let Some(permission) = row.permission
                && page.status != row.with
            {
                if row.path.starts_with("/members") {
                    assert_eq!(fixture.target_rows(), target_before, "{case}");
                } else {
                    assert_eq!(fixture.app.contents_except("members"), before, "{case}");
                }
                if row.needs_every && matches!(caller, Caller::SuperManager(_)) {
                    let reason = page.text("h1");
                    assert!(
                        reason.starts_with("You need every permission to do this. You"),
                        "{case}"
                    );
                } else {
                    assert_denied(&page, caller, permission, &case);
                }
            }
            if row.path == "/sign-out" && !matches!(caller, Caller::Expired) {
                fixture.become_caller(Caller::SuperManager(&Permission::ALL));
                fixture.client = fixture.app.signed_in(NOOR);
            }
        }
    }
}

fn assert_denied(page: &Page, caller: Caller, permission: Permission, case: &str) {
    if page.status == 303 {
        assert!(page.location().starts_with("/sign-in"), "{} {case}", page.location());
        return;
    }
    let reason = match caller {
        Caller::Member => "You need the super manager role to see this page.".to_owned(),
        _ => permission.needed(),
    };
    assert_eq!(page.text("h1"), reason, "{case}");
    let names_it = page.text("main").contains(permission.as_str());
    assert!(names_it || matches!(caller, Caller::Member), "{case}");
    assert!(!page.body.contains("Billing worker"), "{case}");
}

#[test]
fn every_route_is_in_the_matrix() {
    for listed in latchkey::server::routes().all() {
        let found = rows().filter(|r| r.method == listed.method.as_str() && r.path == listed.path);
        let row: Vec<&Row> = found.collect();
        assert_eq!(row.len(), 1, "{} {} is in the matrix once", listed.method, listed.path);
        let access = match row[0].permission {
            Some(_) if row[0].needs_every => Access::EveryPermission,
            Some(permission) => Access::Permission(permission.as_str()),
            None if matches!(listed.path, "/sign-out" | "/preferences/theme") => Access::SignedIn,
            None if listed.path.starts_with("/account") => Access::SignedIn,
            None if listed.path.starts_with("/api-keys/selected/") => Access::SignedIn,
            None => Access::Public,
        };
        assert_eq!(listed.access, access, "{} {}", listed.method, listed.path);
    }
    assert_eq!(
        latchkey::server::routes().all().len(),
        rows().count(),
        "the matrix lists a route that does not exist"
    );
}

#[test]
fn a_key_that_does_not_exist_is_not_found_and_without_permission_denied() {
    let app = App::set_up();
    let (all, none) = (app.super_manager(), app.super_manager_with(&[]));
    let hostile = [
        "key_00000000000A",
        "key_0000",
        "key_00000000000a",
        "KEY_00000000000A",
        "%00",
        "..%2f",
        "key_00000000000A%00",
        "'%20OR%201=1--",
        "%F0%9F%94%91",
        "%FF",
        &"x".repeat(3000),
    ];
    for id in hostile {
        for path in ["", "/edit", "/disable", "/enable", "/revoke"] {
            let path = format!("/api-keys/{id}{path}");
            assert_eq!(all.get(&path).status, 404, "{path}");
            let title = all.get(&path).text("h1");
            assert!(title.starts_with("No key has the ID ") || title == "Page not found", "{path}");
            assert!(matches!(none.get(&path).status, 403 | 404), "{path}");
        }
    }
    for path in ["/edit", "/disable", "/enable", "/revoke"] {
        let path = format!("/api-keys/key_00000000000A{path}");
        let fields = [
            ("name", "X"),
            ("role", "read-only"),
            ("expires_on", "2027-01-31"),
            ("reason", "X"),
            ("version", "1"),
        ];
        let before = app.contents();
        assert_eq!(app.post_with_token(&all, &path, &fields).status, 404, "{path}");
        assert_eq!(app.contents(), before);
    }
}

#[test]
fn controls_that_the_viewer_may_not_use_are_not_shown() {
    let app = App::set_up();
    let id = app.super_manager().key_named("Route planner");
    let controls = [
        (Permission::CreateKeys, r#"[href="/api-keys/new"]"#),
        (Permission::CreateKeys, "#duplicate-key"),
        (Permission::UpdateKeys, r#"[href*="/edit"]"#),
        (Permission::UpdateKeys, r#"[href*="/disable"]"#),
        (Permission::UpdateKeys, "input[name=keys]"),
        (Permission::DeleteKeys, r#"[href*="/revoke"]"#),
    ];
    let mut seen = 0;
    for held in Permission::ALL.iter().map(std::slice::from_ref).chain([&[][..], &Permission::ALL])
    {
        let viewer: Vec<Permission> = [held, &[Permission::ViewKeys]].concat();
        let client = app.super_manager_with(&viewer);
        let pages = [client.get("/api-keys"), client.get(&format!("/api-keys/{id}"))];
        for (permission, control) in controls {
            let is_shown = pages.iter().any(|page| page.has(control));
            assert_eq!(is_shown, viewer.contains(&permission), "{control} for {viewer:?}");
            seen += u32::from(is_shown);
        }
        let sees_history = viewer.contains(&Permission::ViewActivity);
        assert_eq!(pages[1].has("#history-t"), sees_history, "{viewer:?}");
    }
    assert_eq!(seen, 6 + 6, "each control is shown to viewers who may use it");
    let creator = app.super_manager_with(&[Permission::CreateKeys]);
    let page = creator.get("/api-keys/new");
    assert!(page.has("#new"));
    assert!(!page.body.contains("Route planner"), "the table behind the dialog shows keys");
    let duplicate = creator.get(&format!("/api-keys/new?from={id}"));
    assert!(
        !duplicate.body.contains("Route planner"),
        "a key is shown to a viewer who may not view keys"
    );
    let editor = app.super_manager_with(&[Permission::UpdateKeys]);
    let page = editor.get(&format!("/api-keys/{id}/edit?return=/api-keys/{id}"));
    assert!(page.has("#edit") && !page.has("#history-t") && !page.has("table.keys"));
}

#[test]
fn pages_of_roles_and_scopes_name_keys_only_to_viewers_who_may_view_keys() {
    let app = App::set_up();
    let manager = app.super_manager();
    let role = [("name", "Auditor"), ("scopes", "orders:read"), ("scopes", "orders:write")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    let selected = [
        ("name", "Route planner"),
        ("role", "auditor"),
        ("access", "selected"),
        ("scopes", "orders:read"),
    ];
    assert_eq!(manager.create_key(&selected).status, 200);
    assert!(manager.get("/api-keys").text("#notice").contains("Route planner"));
    let role_manager = app.super_manager_with(&[Permission::ManageRoles]);
    let narrowed = [("name", "Auditor"), ("scopes", "orders:write"), ("version", "1")];
    for (viewer, sees) in [(&manager, true), (&role_manager, false)] {
        let pages = [
            viewer.get("/roles"),
            viewer.get("/scopes"),
            viewer.get("/scopes/orders:read/delete"),
            viewer.get("/roles/auditor/delete"),
            viewer.submit("/roles/auditor/edit", &narrowed),
        ];
        assert_eq!(pages[4].status, 422);
        assert!(pages[4].text("#losses").contains("1 key loses orders:read"), "{}", pages[4].body);
        let named = pages.iter().filter(|page| page.body.contains("Route planner")).count();
        assert_eq!(named, if sees { 2 } else { 0 });
        let linked = pages.iter().any(|page| page.has("[href^='/api-keys/key_'], [href*='role=']"));
        assert_eq!(linked, sees);
    }
}

#[test]
fn forms_for_unknown_and_built_in_roles_and_scopes_are_not_found() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.contents();
    for slug in ["none", "full-access", "read-only", "..%2f", "%00", "%FF", "a%20b", "role_1"] {
        for verb in ["edit", "delete"] {
            let path = format!("/roles/{slug}/{verb}");
            assert_eq!(manager.get(&path).status, 404, "{path}");
            let fields = [("name", "X"), ("scopes", "orders:read"), ("version", "1")];
            assert_eq!(app.post_with_token(&manager, &path, &fields).status, 404, "{path}");
        }
    }
    for scope in ["none:read", "latchkey:introspect", "orders", "%00:read", "%FF", "orders:read%20"]
    {
        for verb in ["edit", "delete"] {
            let path = format!("/scopes/{scope}/{verb}");
            assert_eq!(manager.get(&path).status, 404, "{path}");
            let fields = [("description", "X"), ("version", "1")];
            assert_eq!(app.post_with_token(&manager, &path, &fields).status, 404, "{path}");
        }
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn the_control_for_the_first_key_is_shown_only_to_viewers_who_may_create_keys() {
    let app = App::set_up();
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    let page = viewer.get("/api-keys");
    assert_eq!(page.text(".empty h2"), "No API keys yet");
    assert!(!page.has(r#"[href="/api-keys/new"]"#));
    assert!(app.super_manager().get("/api-keys").has(r#"[href="/api-keys/new"]"#));
}
