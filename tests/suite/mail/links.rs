//! One-time links in the outbox: encrypted while pending, erased afterwards, and never sent once
//! they are invalid.

use std::time::{Duration, Instant};

use latchkey::base::clock::{HOUR, MINUTE};
use latchkey::domain::members::Permission;

use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Client, Page};

const INES: &str = "ines@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";

/// An app with Ines signed in, who configured the mail server.
fn app_with_mail_server(smtp: &Smtp) -> (App, Client) {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let ines = app.signed_in(INES);
    let port = smtp.port.to_string();
    let server = [
        ("mail_host", "localhost"),
        ("mail_port", &port),
        ("mail_security", "none"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    assert_eq!(ines.submit_from("/settings", "/settings/mail", &server).status, 303);
    (app, ines)
}

fn invite(client: &Client) -> Page {
    let fields = [("name", "Tomas Lind"), ("email", TOMAS)];
    client.submit_from("/members/new", "/members", &fields)
}

fn code(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    page.text("#one-time-link").split_once("code=").expect("a code").1.to_owned()
}

/// The state of each message, and whether its text has been erased.
fn outbox(app: &App) -> Vec<String> {
    app.texts(
        "SELECT CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN given_up_at IS NOT NULL THEN last_error \
         ELSE 'waits' END || CASE WHEN sealed IS NULL THEN ', erased' ELSE '' END AS text \
         FROM mail_outbox ORDER BY created_at, id",
    )
}

#[test]
fn a_link_is_encrypted_while_pending_and_erased_once_sent() {
    let smtp = Smtp::start(Mode::Accepts);
    let (app, ines) = app_with_mail_server(&smtp);
    let page = invite(&ines);
    let code = code(&page);
    assert!(page.text("#sent").starts_with(&format!("It is also being sent to {TOMAS}.")));
    assert_eq!(outbox(&app), ["waits"]);
    let hex = latchkey::base::keyring::hex(code.as_bytes());
    let contains_code = |row: &String| row.contains(&code) || row.to_lowercase().contains(&hex);
    assert!(!app.everything().iter().any(contains_code));
    assert!(!ines.get("/mail").body.contains(&code));
    assert_eq!(app.send_mail(), 1);
    assert!(smtp.message().expect("a message").replace("=\n", "").contains(&code));
    assert_eq!(outbox(&app), ["sent, erased"]);
    assert!(!app.everything().iter().any(contains_code));
}

#[test]
fn a_finished_message_with_a_link_cannot_be_sent_again() {
    let smtp = Smtp::start(Mode::Rejects);
    let (app, ines) = app_with_mail_server(&smtp);
    let shown = code(&invite(&ines));
    assert_eq!(app.send_mail(), 0);
    assert_eq!(outbox(&app), ["localhost refused the message (SMTP reply 550), erased"]);
    let page = ines.get("/mail");
    assert!(page.text("tbody tr").contains("Refused"));
    assert!(!page.has("form[action^='/mail/']"), "an erased message cannot be sent again");
    let id = app.texts("SELECT id AS text FROM mail_outbox").remove(0);
    assert_eq!(ines.submit_from("/mail", &format!("/mail/{id}"), &[]).status, 303);
    let notice = ines.get("/mail").text("#notice");
    assert_eq!(notice, "That message held a one-time link. Make a new link.");
    assert_eq!(outbox(&app).len(), 1);
    assert_eq!(app.anonymous().get(&format!("/invitation?code={shown}")).status, 200);
}

#[test]
fn a_link_that_stopped_working_is_not_mailed() {
    let smtp = Smtp::start(Mode::Accepts);
    let (app, ines) = app_with_mail_server(&smtp);
    code(&invite(&ines));
    let id = app.texts(&format!("SELECT id AS text FROM members WHERE email_folded = '{TOMAS}'"));
    app.advance(1);
    let path = format!("/members/{}/invite", id[0]);
    let newest = code(&ines.submit(&path, &[]));
    assert_eq!(outbox(&app), ["Its link no longer works, erased", "waits"]);
    assert_eq!(app.send_mail(), 1);
    assert!(smtp.message().expect("a message").replace("=\n", "").contains(&newest));
    app.advance(1);
    code(&ines.submit(&path, &[]));
    let withdraw = format!("/members/{}/withdraw", id[0]);
    assert_eq!(ines.submit(&withdraw, &[]).status, 303);
    assert_eq!(app.send_mail(), 0);
    assert_eq!(outbox(&app)[2], "Its link no longer works, erased");

    let tomas = app.member(TOMAS, false, &[]).id;
    for (step, delay) in [("disable", 0), ("delete", MINUTE)] {
        app.advance(delay + 1);
        app.sql(&format!("UPDATE members SET disabled_at = NULL WHERE id = '{}'", tomas.as_str()));
        let path = |step: &str| format!("/members/{}/{step}", tomas.as_str());
        code(&ines.submit(&path("reset-password"), &[]));
        assert_eq!(ines.submit(&path(step), &[]).status, 303);
        assert_eq!(app.send_mail(), 0, "{step}");
    }
    assert_eq!(smtp.message(), None);
}

#[test]
fn a_link_that_expires_before_it_is_sent_is_not_mailed() {
    let smtp = Smtp::start(Mode::Accepts);
    let (app, ines) = app_with_mail_server(&smtp);
    let id = app.member(TOMAS, false, &[]).id;
    let path = format!("/members/{}/reset-password", id.as_str());
    code(&ines.submit(&path, &[]));
    app.advance(HOUR);
    assert_eq!(app.send_mail(), 0);
    assert_eq!(outbox(&app), ["Its link expired before it could be sent, erased"]);
    assert_eq!(smtp.message(), None);
}

#[test]
fn text_encrypted_for_another_message_or_recipient_is_not_sent() {
    let smtp = Smtp::start(Mode::Accepts);
    let (app, ines) = app_with_mail_server(&smtp);
    code(&invite(&ines));
    app.sql("UPDATE mail_outbox SET recipient = 'mallory@example.com'");
    assert_eq!(app.send_mail(), 0);
    assert_eq!(smtp.message(), None);
    assert_eq!(outbox(&app), ["It cannot be decrypted with this secret key file, erased"]);
}

#[test]
fn a_hanging_mail_server_does_not_delay_a_link() {
    let smtp = Smtp::start(Mode::Hangs);
    let (_app, ines) = app_with_mail_server(&smtp);
    let started = Instant::now();
    code(&invite(&ines));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_link_is_shown_even_if_the_mail_server_settings_are_invalid() {
    let smtp = Smtp::start(Mode::Accepts);
    let (app, ines) = app_with_mail_server(&smtp);
    app.sql("UPDATE mail_server SET security = 'unknown', port = -1");
    let shown = code(&invite(&ines));
    assert_eq!(app.anonymous().get(&format!("/invitation?code={shown}")).status, 200);
}

#[test]
fn turning_email_off_erases_pending_messages() {
    let smtp = Smtp::start(Mode::Accepts);
    let (app, ines) = app_with_mail_server(&smtp);
    code(&invite(&ines));
    assert_eq!(ines.submit_from("/settings", "/settings/mail", &[("mail_host", "")]).status, 303);
    assert_eq!(app.send_mail(), 0);
    assert_eq!(outbox(&app), ["No mail server is set any more, erased"]);
}
