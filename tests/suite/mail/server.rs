//! Who can change the mail server, who is notified, and whose links are mailed through it.

use std::time::{Duration, Instant};

use latchkey::base::clock::DAY;
use latchkey::base::error::Error;
use latchkey::domain::activity::{self, Entry, Event};
use latchkey::domain::mail::Draft;
use latchkey::domain::members::{Permission, mail_server};
use latchkey::domain::settings;

use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Client, Page};

const INES: &str = "ines@meridianfreight.example";
const NOOR: &str = "noor@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";

fn save(client: &Client, port: u16) -> Page {
    let port = port.to_string();
    let fields = [
        ("mail_host", "localhost"),
        ("mail_port", port.as_str()),
        ("mail_security", "none"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    client.submit_from("/settings", "/settings/mail", &fields)
}

fn all_but(missing: Permission) -> Vec<Permission> {
    Permission::ALL.into_iter().filter(|permission| *permission != missing).collect()
}

fn draft(port: u16) -> Draft {
    Draft {
        host: "localhost".into(),
        port: port.to_string(),
        security: "none".into(),
        sender: "latchkey@meridianfreight.example".into(),
        ..Draft::default()
    }
}

#[test]
fn changing_the_mail_server_requires_every_permission() {
    let app = App::set_up();
    assert_eq!(save(&app.super_manager(), 2525).status, 303);
    for missing in Permission::ALL {
        let client = app.super_manager_with(&all_but(missing));
        let token = client.get("/account").form_token();
        let before = app.contents();
        let fields = [("form_token", token.as_str()), ("mail_host", ""), ("mail_port", "1")];
        let response = client.post("/settings/mail", &fields);
        assert_eq!(response.status, 403, "{missing}");
        let why = format!("You need every permission to do this. You do not have {missing}.");
        assert_eq!(response.text("h1"), why);
        assert_eq!(app.contents(), before, "{missing}");
    }
}

#[test]
fn a_member_who_can_change_only_other_settings_sees_the_mail_server_without_its_password() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let ines = app.signed_in(INES);
    let manager = app.super_manager_with(&[Permission::ManageSettings]);
    let hint =
        "Only a super manager with every permission can change the mail server: Ines Okafor.";
    let page = manager.get("/settings");
    assert!(!page.has("form[action='/settings/mail']") && !page.has("#mail input[name^='mail_']"));
    assert!(page.text("#mail").contains("Email is off: there is no mail server."));
    let fields = [
        ("mail_host", "smtp.example.com"),
        ("mail_port", "587"),
        ("mail_security", "starttls"),
        ("mail_username", "postmaster"),
        ("mail_password", "hunter2 hunter2"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    assert_eq!(ines.submit_from("/settings", "/settings/mail", &fields).status, 303);
    let page = manager.get("/settings");
    let shown = page.text("#mail");
    for part in ["smtp.example.com", "587", "STARTTLS", "postmaster", "latchkey@", hint] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!page.body.contains("hunter2") && !page.has("#mail input[name^='mail_']"));
    assert!(page.has("form[action='/settings/mail/test']"));
    assert!(ines.get("/settings").has("form[action='/settings/mail']"));
}

#[test]
fn permissions_are_checked_again_when_the_change_is_written() {
    let app = App::set_up();
    let ines = app.member(INES, true, &Permission::ALL);
    let change = |port| {
        let mut context = latchkey::domain::activity::Context::command_line(
            app.site.keyring.clone(),
            app.site.clock.now(),
        );
        context = context.as_member(ines.id.as_str(), ines.name.as_str());
        let changed =
            app.site.db.write_blocking(|tx| mail_server::change(tx, &draft(port), &context));
        changed.map(drop)
    };
    assert!(change(2525).is_ok());
    app.sql("DELETE FROM member_permissions WHERE permission = 'activity.view'");
    assert!(matches!(change(2526), Err(Error::Forbidden(why)) if why.contains("activity.view")));
    app.sql("UPDATE members SET super_manager = false");
    assert!(matches!(change(2526), Err(Error::Forbidden(_))));
    assert_eq!(app.number("SELECT port FROM mail_server"), 2525);
}

#[test]
fn the_other_super_managers_are_notified_through_the_previous_server() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    app.member(NOOR, true, &[Permission::ViewKeys]);
    app.member(TOMAS, false, &[]);
    let ines = app.signed_in(INES);
    let (old, new) = (Smtp::start(Mode::Accepts), Smtp::start(Mode::Accepts));
    assert_eq!(save(&ines, old.port).status, 303);
    assert_eq!(save(&ines, new.port).status, 303);
    let message = old.wait_for_message();
    assert!(message.contains(&format!("To: {NOOR}")), "{message}");
    assert!(message.contains("Ines Okafor changed the mail server"), "{message}");
    let change = format!("Port: from {} to {}", old.port, new.port);
    assert!(message.contains(&change), "{message}");
    assert_eq!(ines.submit_from("/settings", "/settings/mail", &[("mail_host", "")]).status, 303);
    assert!(new.wait_for_message().contains(&format!("To: {NOOR}")));
    assert_eq!((old.message(), new.message()), (None, None), "nobody else is notified");
}

#[test]
fn a_hanging_previous_server_does_not_delay_the_change() {
    let app = App::set_up();
    app.member(NOOR, true, &[Permission::ViewKeys]);
    let ines = app.super_manager();
    let old = Smtp::start(Mode::Hangs);
    assert_eq!(save(&ines, old.port).status, 303);
    let started = Instant::now();
    assert_eq!(save(&ines, 2525).status, 303);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_change_opens_an_alert_for_a_week_and_records_the_permissions_of_its_author() {
    let app = App::set_up();
    let ines = app.super_manager();
    assert_eq!(save(&ines, 2525).status, 303);
    assert_eq!(save(&ines, 2525).status, 303, "no change");
    let details =
        app.texts("SELECT details AS text FROM activity WHERE event = 'settings.mail_changed'");
    let permissions = Permission::ALL.map(|permission| format!("\"{permission}\"")).join(",");
    assert_eq!(details.len(), 1);
    assert!(details[0].contains(&format!("\"held\":[{permissions}]")), "{}", details[0]);
    let open =
        || app.texts("SELECT title || ' ' || detail AS text FROM alerts WHERE closed_at IS NULL");
    app.find_alerts();
    assert_eq!(open(), ["The mail server was changed Ines Okafor set localhost."]);
    app.advance(7 * DAY + 1);
    app.find_alerts();
    assert!(open().is_empty(), "{:?}", open());
}

fn reset(client: &Client, app: &App, email: &str) -> Page {
    let query = format!("SELECT id AS text FROM members WHERE email_folded = '{email}'");
    let id = app.texts(&query).remove(0);
    client.submit(&format!("/members/{id}/reset-password"), &[])
}

/// Sets the port of the server and records that `email` did so while having `permissions`, which
/// earlier versions did not record.
fn record_change_by(app: &App, email: &str, port: u16, permissions: Option<&[Permission]>) {
    let query = format!("SELECT id AS text FROM members WHERE email_folded = '{email}'");
    let id = app.texts(&query).remove(0);
    app.sql(&format!(
        "DELETE FROM mail_server; INSERT INTO mail_server (id, host, port, security, username, \
         sender) VALUES (1, 'localhost', {port}, 'none', '', 'latchkey@meridianfreight.example')"
    ));
    let mut details = serde_json::json!({ "changes": [] });
    if let Some(permissions) = permissions {
        details["held"] = permissions.iter().map(Permission::as_str).collect();
    }
    app.advance(1);
    app.write(|tx, context| {
        let entry = Entry::about(Event::MailChanged, settings::subject()).with(details);
        activity::record(tx, &context.as_member(&id, "Noor"), &entry)
    });
}

#[test]
fn no_link_is_mailed_to_a_member_with_more_permissions_than_the_last_editor_of_the_server() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    app.member(NOOR, true, &[Permission::ManageSettings]);
    app.member(TOMAS, true, &Permission::ALL);
    let (ines, smtp) = (app.signed_in(INES), Smtp::start(Mode::Accepts));
    let all = "api.key.view, api.key.create, api.key.update, api.key.delete, api.role.manage, \
               member.manage, activity.view";
    let withheld = format!(
        "It was not sent to {TOMAS}. Ines Okafor has permissions that the person who last changed \
         the mail server did not have: {all}."
    );
    let port = smtp.port;
    let sent = |permissions: Option<&[Permission]>| {
        record_change_by(&app, NOOR, port, permissions);
        let page = reset(&ines, &app, TOMAS);
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.text("#one-time-link").contains("/reset-password?code="));
        app.send_mail();
        (page.text("#sent"), smtp.message().is_some())
    };
    let noor_permissions = [Permission::ManageSettings];
    assert_eq!(sent(Some(&noor_permissions)), (withheld.clone(), false));
    // An older version recorded no permissions, so her current ones count.
    assert_eq!(sent(None), (withheld.clone(), false));
    let (notice, is_mailed) = sent(Some(&Permission::ALL));
    assert!(notice.starts_with("It is also being sent to ") && is_mailed, "{notice}");
    app.sql(&format!("DELETE FROM members WHERE email_folded = '{NOOR}'"));
    app.member(NOOR, true, &Permission::ALL);
    let (notice, is_mailed) = sent(None);
    assert!(
        notice.starts_with("It is also being sent to ") && is_mailed,
        "she has every permission now: {notice}"
    );
    app.sql(&format!("UPDATE members SET disabled_at = 1 WHERE email_folded = '{NOOR}'"));
    let (notice, is_mailed) = sent(None);
    assert!(notice.starts_with("It was not sent to ") && !is_mailed, "she is disabled: {notice}");
    // A link for a member without permissions is still mailed.
    let fields = [("name", "Zoe"), ("email", "zoe@example.com")];
    let page = ines.submit_from("/members/new", "/members", &fields);
    assert!(page.text("#sent").starts_with("It is also being sent to zoe@example.com."));
}

#[test]
fn saving_the_server_unchanged_confirms_it() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    app.member(NOOR, true, &[Permission::ManageSettings]);
    app.member(TOMAS, true, &Permission::ALL);
    let (ines, smtp) = (app.signed_in(INES), Smtp::start(Mode::Accepts));
    record_change_by(&app, NOOR, smtp.port, None);
    assert!(reset(&ines, &app, TOMAS).text("#sent").starts_with("It was not sent to "));
    app.advance(1);
    assert_eq!(save(&ines, smtp.port).status, 303);
    let page = ines.get("/activity?event=settings.mail_changed");
    assert!(page.text("table").contains("Confirmed the mail server as it is"), "{}", page.body);
    assert!(reset(&ines, &app, TOMAS).text("#sent").starts_with("It is also being sent to "));
    app.find_alerts();
    assert_eq!(app.count("alerts WHERE rule = 'mail_server_changed'"), 0, "nothing was changed");
}

#[test]
fn links_are_mailed_to_every_member_when_the_server_was_set_on_the_command_line() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    app.member(TOMAS, true, &Permission::ALL);
    let (ines, smtp) = (app.signed_in(INES), Smtp::start(Mode::Accepts));
    app.write(|tx, context| mail_server::change(tx, &draft(smtp.port), context).map(drop));
    assert!(reset(&ines, &app, TOMAS).text("#sent").starts_with("It is also being sent to "));
    assert_eq!(app.send_mail(), 1);
}
