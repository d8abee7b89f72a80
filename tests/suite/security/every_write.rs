//! Every write has its entry in the activity, and what cannot be recorded does not happen: for
//! every route that people can POST to.

use actix_web::http::Method;
use latchkey::members::Permission;
use latchkey::sign_in::reset;

use crate::support::{App, Client, PASSWORD, key_fields};

const EMAIL: &str = "ines@meridianfreight.example";
const ADDRESS: &str = "203.0.113.9";

/// A form that would be taken.
struct Form {
    /// The page that its token is from.
    page: String,
    action: String,
    fields: Vec<(String, String)>,
}

fn form(page: &str, action: &str, fields: &[(&str, &str)]) -> Form {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Form { page: page.into(), action: action.into(), fields: fields.iter().map(owned).collect() }
}

/// Who sends it.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// A super manager with every permission.
    Manager,
    /// Somebody without a session, before anybody has set the program up.
    Newcomer,
    /// Somebody without a session.
    Visitor,
}

/// A route, what it takes, and the events that must stand in the activity then.
struct Write {
    path: &'static str,
    by: By,
    form: fn(&App) -> Form,
    events: &'static [&'static str],
}

const WRITES: [Write; 7] = [
    Write {
        path: "/set-up",
        by: By::Newcomer,
        form: |app| {
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
        by: By::Visitor,
        form: |_| form("/sign-in", "/sign-in", &[("email", EMAIL), ("password", PASSWORD)]),
        events: &["session.signed_in"],
    },
    Write {
        path: "/reset-password",
        by: By::Visitor,
        form: |app| {
            let email = latchkey::members::Email::parse(EMAIL).expect("an address");
            let (_, code) = app.write(|tx, author| reset::begin(tx, &email, author));
            let fields = [("code", code.as_str()), ("password", "lantern orbit cabbage velvet")];
            form("/sign-in", "/reset-password", &fields)
        },
        events: &["member.password_reset"],
    },
    Write {
        path: "/sign-out",
        by: By::Manager,
        form: |_| form("/api-keys", "/sign-out", &[]),
        events: &["session.signed_out"],
    },
    Write {
        path: "/api-keys",
        by: By::Manager,
        form: |_| form("/api-keys/new", "/api-keys", &key_fields(&[])),
        events: &["api_key.created"],
    },
    Write {
        path: "/api-keys/{key_id}/edit",
        by: By::Manager,
        form: |app| {
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
        path: "/api-keys/{key_id}/revoke",
        by: By::Manager,
        form: |app| {
            let path = format!("/api-keys/{}/revoke", app.key("Billing worker"));
            form(&path, &path, &[])
        },
        events: &["api_key.revoked"],
    },
];

/// What writes nothing, and why.
const EXCEPTIONS: [(&str, &str); 1] = [("/preferences/theme", "the choice is kept in a cookie")];

/// A program, somebody to send the form, and the form with its token.
fn ready(write: &Write) -> (App, Client, Form) {
    let app = if write.by == By::Newcomer { App::new() } else { App::set_up() };
    if write.by != By::Newcomer {
        app.member(EMAIL, true, &Permission::ALL);
    }
    let client = match write.by {
        By::Manager => app.signed_in(EMAIL),
        By::Newcomer | By::Visitor => app.anonymous(),
    };
    let client = client.calling_from(ADDRESS);
    let mut form = (write.form)(&app);
    let token = client.get(&form.page).form_token();
    form.fields.push(("form_token".into(), token));
    (app, client, form)
}

fn send(client: &Client, form: &Form) -> (u16, String) {
    let fields: Vec<_> = form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let page = client.post(&form.action, &fields);
    (page.status, page.body)
}

#[test]
fn every_route_that_writes_stands_in_the_table() {
    for listed in latchkey::server::routes().listed() {
        if listed.method == Method::POST {
            let written = WRITES.iter().filter(|write| write.path == listed.path).count();
            let excepted = EXCEPTIONS.iter().filter(|(path, _)| *path == listed.path).count();
            assert_eq!(written + excepted, 1, "{} stands in the table once", listed.path);
        }
    }
}

#[test]
fn every_write_has_its_entry_with_who_when_and_from_where() {
    for write in &WRITES {
        let (app, client, form) = ready(write);
        app.advance(1);
        let before = app.count("activity");
        let (status, body) = send(&client, &form);
        assert!(matches!(status, 200 | 303), "{}: {status} {body}", write.path);
        let new = format!("FROM activity WHERE number > {before} ORDER BY number");
        assert_eq!(
            app.texts(&format!("SELECT event AS text {new}")),
            write.events,
            "{}",
            write.path
        );
        let whole = format!(
            "SELECT COUNT(*) FROM activity WHERE number > {before} AND address = '{ADDRESS}' AND \
             at = {} AND request_id IS NOT NULL AND \
             (actor_id IS NOT NULL OR actor_kind = 'anonymous')",
            app.site.clock.now().millis()
        );
        let count = i64::try_from(write.events.len()).expect("few");
        assert_eq!(app.number(&whole), count, "{}", write.path);
        if write.by == By::Manager {
            let member = format!("(SELECT id FROM members WHERE email_folded = '{EMAIL}')");
            let own = format!(
                "SELECT COUNT(*) FROM activity WHERE number > {before} AND actor_id = {member}"
            );
            assert_eq!(app.number(&own), count, "{}", write.path);
        }
    }
}

#[test]
fn what_cannot_be_recorded_does_not_happen_on_any_route() {
    for write in &WRITES {
        let (app, client, form) = ready(write);
        let before = app.everything();
        app.sql("ALTER TABLE activity RENAME TO gone");
        let (status, body) = send(&client, &form);
        app.sql("ALTER TABLE gone RENAME TO activity");
        assert!(matches!(status, 500 | 503), "{}: {status} {body}", write.path);
        assert!(!body.contains("secret-key"), "{}", write.path);
        assert_eq!(app.everything(), before, "{} changed something", write.path);
        let (status, body) = send(&client, &form);
        assert!(matches!(status, 200 | 303), "{} once more: {status} {body}", write.path);
    }
}

#[test]
fn what_is_excepted_writes_nothing() {
    for (path, why) in EXCEPTIONS {
        let app = App::set_up();
        let manager = app.super_manager();
        let token = manager.get("/api-keys").form_token();
        let before = app.everything();
        let page = manager.post(path, &[("form_token", &token), ("theme", "dark")]);
        assert_eq!(page.status, 303, "{path}");
        assert_eq!(app.everything(), before, "{path}: {why}");
    }
}
