//! Every write has its entry in the activity, and what cannot be recorded does not happen: for
//! every route that people can POST to.

mod secrets;
mod table;

use actix_web::http::Method;
use latchkey::domain::members::Permission;

use crate::support::{App, Client};
pub use secrets::secret;
use table::{By, EMAIL, EXCEPTIONS, Form, WRITES, Write};

const ADDRESS: &str = "203.0.113.9";

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
    let mut form = (write.form)(&app, &client);
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
    for write in WRITES {
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
    for write in WRITES {
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
        let token = app.token(&manager, path);
        let before = app.everything();
        let document = r#"{"openapi":"3.0.0","paths":{"/matrix":{"put":{}}}}"#;
        let fields = [
            ("form_token", token.as_str()),
            ("theme", "dark"),
            ("document", document),
            ("question", "lk_prod_x"),
            ("text", "lk_prod_x"),
        ];
        let page = manager.post(path, &fields);
        assert!(matches!(page.status, 200 | 303), "{path}: {}", page.body);
        assert_eq!(app.everything(), before, "{path}: {why}");
    }
}
