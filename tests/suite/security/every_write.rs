//! For every route that members and visitors can POST to: each write is recorded in the activity,
//! and a write that cannot be recorded does not happen.

mod secrets;
mod table;

use actix_web::http::Method;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, PASSKEY_ORIGIN};
pub use secrets::secret;
use table::{EMAIL, EXCEPTIONS, Form, Sender, WRITES, Write};

const ADDRESS: &str = "203.0.113.9";

/// A program, the client that sends the form, and the form with its token.
fn prepare(write: &Write) -> (App, Client, Form) {
    // Passkeys need a host name.
    let public_url = write.path.contains("passkey").then_some(PASSKEY_ORIGIN);
    let app = App::with_public_url(public_url);
    let app = if write.sender == Sender::Newcomer { app } else { app.with_organisation() };
    if write.sender != Sender::Newcomer {
        app.member(EMAIL, true, &Permission::ALL);
    }
    let client = match write.sender {
        Sender::Manager => app.signed_in_from(EMAIL, ADDRESS),
        Sender::Newcomer | Sender::Visitor => app.anonymous().calling_from(ADDRESS),
    };
    let mut form = (write.form)(&app, &client);
    if !form.fields.iter().any(|(name, _)| name == "form_token") {
        let token = client.get(&form.page).form_token();
        form.fields.push(("form_token".into(), token));
    }
    (app, client, form)
}

fn send(client: &Client, form: &Form) -> (u16, String) {
    let fields: Vec<_> = form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let page = client.post(&form.action, &fields);
    (page.status, page.body)
}

#[test]
fn every_post_route_is_in_the_table() {
    for listed in latchkey::server::routes().all() {
        if listed.method == Method::POST {
            let written = WRITES.iter().filter(|write| write.path == listed.path).count();
            let excepted = EXCEPTIONS.iter().filter(|(path, _)| *path == listed.path).count();
            assert_eq!(written + excepted, 1, "{} is in the table once", listed.path);
        }
    }
}

#[test]
fn every_write_is_recorded_with_who_when_and_from_where() {
    for write in WRITES {
        let (app, client, form) = prepare(write);
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
        let complete = format!(
            "SELECT COUNT(*) FROM activity WHERE number > {before} AND address = '{ADDRESS}' AND \
             at = {} AND request_id IS NOT NULL AND \
             (actor_id IS NOT NULL OR actor_kind = 'anonymous')",
            app.site.clock.now().millis()
        );
        let count = i64::try_from(write.events.len()).expect("few");
        assert_eq!(app.number(&complete), count, "{}", write.path);
        if write.sender == Sender::Manager {
            let member = format!("(SELECT id FROM members WHERE email_folded = '{EMAIL}')");
            let own = format!(
                "SELECT COUNT(*) FROM activity WHERE number > {before} AND actor_id = {member}"
            );
            assert_eq!(app.number(&own), count, "{}", write.path);
        }
    }
}

#[test]
fn a_write_that_cannot_be_recorded_changes_nothing_on_any_route() {
    for write in WRITES {
        let (app, client, form) = prepare(write);
        let before = app.everything();
        app.sql("ALTER TABLE activity RENAME TO gone");
        let (status, body) = send(&client, &form);
        app.sql("ALTER TABLE gone RENAME TO activity");
        assert!(matches!(status, 500 | 503), "{}: {status} {body}", write.path);
        assert!(!body.contains("secret-key"), "{}", write.path);
        assert_eq!(app.everything(), before, "{} changed something", write.path);
        let (status, body) = send(&client, &form);
        assert!(matches!(status, 200 | 303), "{} again: {status} {body}", write.path);
    }
}

#[test]
fn routes_outside_the_table_write_nothing() {
    for (path, why) in EXCEPTIONS {
        let app = App::set_up();
        let manager = app.super_manager();
        let before = app.everything();
        let document = r#"{"openapi":"3.0.0","paths":{"/matrix":{"put":{}}}}"#;
        let fields = [
            ("theme", "dark"),
            ("document", document),
            ("question", "lk_prod_x"),
            ("text", "lk_prod_x"),
        ];
        let page = app.post_with_token(&manager, path, &fields);
        assert!(matches!(page.status, 200 | 303), "{path}: {}", page.body);
        assert_eq!(app.everything(), before, "{path}: {why}");
    }
}
