//! The email outbox: sending once, retrying for a day, giving up, and the page that shows it.

mod headers;
mod links;
mod networks;
mod server;

use latchkey::base::clock::{DAY, HOUR, MINUTE, SECOND};
use latchkey::domain::mail::{self, Message};
use latchkey::letters::Letter;

use crate::support::App;
use crate::support::smtp::{Mode, Smtp};

fn letter() -> Letter {
    Letter {
        heading: "“Billing <worker>” was revoked".into(),
        paragraphs: vec!["Ines Okafor revoked it.".into()],
        facts: vec![("Key ID".into(), "key_0123456789AB".into())],
        link: Some(("Look at the key".into(), "https://keys.example.com/api-keys".into())),
    }
}

pub fn queue(app: &App, to: &str, cause: &str) {
    let message = letter().message("A key was revoked").expect("rendered");
    let message = Message { to: to.to_owned(), ..message };
    let now = app.site.clock.now();
    app.write(|tx, _| mail::queue(tx, &message, cause, now));
}

/// Configures a mail server on this machine.
pub fn use_server(app: &App, port: u16) {
    app.sql(&format!(
        "DELETE FROM mail_server; INSERT INTO mail_server (id, host, port, security, username, \
         sender) VALUES (1, 'localhost', {port}, 'none', '', 'latchkey@meridianfreight.example')"
    ));
}

/// The recipient, the number of attempts and the state of each message.
fn outbox_states(app: &App) -> Vec<String> {
    app.texts(
        "SELECT recipient || ' ' || CAST(tries AS TEXT) || CASE WHEN sent_at IS NOT NULL THEN \
         ' sent' WHEN given_up_at IS NOT NULL THEN ' refused' ELSE ' waits' END AS text \
         FROM mail_outbox ORDER BY recipient",
    )
}

#[test]
fn a_queued_message_is_sent_once_as_text_and_equivalent_html() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    queue(&app, "ines@example.com", "activity:0");
    assert_eq!(app.count("mail_outbox"), 0, "nothing is queued without a mail server");
    use_server(&app, smtp.port);
    for cause in ["activity:1", "activity:1"] {
        queue(&app, "ines@example.com", cause);
    }
    assert_eq!(smtp.message(), None, "it waits in the outbox");
    assert_eq!((app.send_mail(), app.send_mail()), (1, 0));
    let message = smtp.message().expect("a message");
    for part in [
        "To: ines@example.com",
        "Subject: A key was revoked",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "Ines Okafor revoked it.",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let (text, html) = message.split_once("text/html").expect("two parts");
    assert!(text.contains("<worker>") && !html.contains("<worker>"), "escaped: {message}");
    assert_eq!(smtp.message(), None);
    assert_eq!(outbox_states(&app), ["ines@example.com 1 sent"]);
}

#[test]
fn a_permanent_failure_is_not_retried_and_does_not_affect_other_recipients() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    use_server(&app, smtp.port);
    for to in ["bounces@example.com", "ines@example.com", "later@example.com"] {
        queue(&app, to, "activity:1");
    }
    assert_eq!(app.send_mail(), 1);
    assert_eq!(
        outbox_states(&app),
        ["bounces@example.com 1 refused", "ines@example.com 1 sent", "later@example.com 1 waits"]
    );
    app.advance(5 * SECOND);
    assert_eq!(app.send_mail(), 0);
    assert_eq!(outbox_states(&app)[2], "later@example.com 2 waits");
    app.advance(DAY);
    let manager = app.super_manager();
    let page = manager.get("/mail");
    let rows = page.all("tbody tr");
    assert_eq!(rows.len(), 3, "{}", page.body);
    let failed = rows.iter().find(|row| row.contains("bounces@")).expect("a row");
    assert!(failed.contains("localhost refused the message (SMTP reply 550)"), "{failed}");
    assert!(failed.contains("Refused"));
    assert!(!page.body.contains("mailbox"), "the reply text of the server is not shown");
    let id = app.texts("SELECT id AS text FROM mail_outbox WHERE recipient LIKE 'bounces%'");
    let again = manager.submit_from("/mail", &format!("/mail/{}", id[0]), &[]);
    assert_eq!((again.status, again.location()), (303, "/mail"));
    assert_eq!(manager.get("/mail").text("#notice"), "It is sent again within seconds.");
    assert_eq!(outbox_states(&app)[0], "bounces@example.com 0 waits");
}

#[test]
fn delivery_to_an_unreachable_mail_server_is_retried_for_a_day_and_then_given_up() {
    let app = App::set_up();
    use_server(&app, 1);
    queue(&app, "ines@example.com", "activity:1");
    queue(&app, "tomas@example.com", "activity:1");
    assert_eq!(app.send_mail(), 0);
    let pauses = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 6 * HOUR];
    for (number, pause) in (1..).zip(pauses) {
        let expected = ["ines", "tomas"].map(|name| format!("{name}@example.com {number} waits"));
        assert_eq!(outbox_states(&app), expected);
        app.advance(pause);
        app.send_mail();
    }
    assert_eq!(outbox_states(&app), ["ines@example.com 8 refused", "tomas@example.com 8 refused"]);
}

#[test]
fn a_hanging_mail_server_delays_sending_by_seconds_and_loses_no_message() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Hangs));
    use_server(&app, smtp.port);
    for number in 0..3 {
        queue(&app, &format!("{number}@example.com"), "activity:1");
    }
    let started = std::time::Instant::now();
    assert_eq!(app.send_mail(), 0);
    assert!(started.elapsed().as_secs() < 8, "the server times out once, not once per message");
    assert_eq!(app.count("mail_outbox WHERE tries = 1"), 3);
    let smtp = Smtp::start(Mode::Accepts);
    use_server(&app, smtp.port);
    app.advance(5 * SECOND);
    assert_eq!(app.send_mail(), 3);
}

#[test]
fn a_message_claimed_by_a_dead_process_is_sent_after_a_minute() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    use_server(&app, smtp.port);
    queue(&app, "ines@example.com", "activity:1");
    let until = app.site.clock.now().plus(MINUTE).millis();
    app.sql(&format!("UPDATE mail_outbox SET next_attempt_at = {until}"));
    assert_eq!(app.send_mail(), 0);
    app.advance(MINUTE);
    assert_eq!(app.send_mail(), 1);
}

#[test]
fn pending_messages_are_given_up_without_a_mail_server() {
    let app = App::set_up();
    use_server(&app, 1);
    queue(&app, "ines@example.com", "activity:1");
    app.sql("DELETE FROM mail_server");
    assert_eq!(app.send_mail(), 0);
    assert_eq!(outbox_states(&app), ["ines@example.com 0 refused"]);
    let manager = app.super_manager();
    let id = app.texts("SELECT id AS text FROM mail_outbox").remove(0);
    assert_eq!(manager.submit_from("/mail", &format!("/mail/{id}"), &[]).status, 303);
    assert_eq!(manager.get("/mail").text("#notice"), "Save a mail server first.");
    app.advance(31 * DAY);
    app.purge();
    assert_eq!(app.count("mail_outbox"), 0);
}
