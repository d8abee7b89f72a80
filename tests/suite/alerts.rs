//! Alerts: one for each cause, opened and closed by themselves, told by email and by webhook.

mod causes;
mod messages;
mod pages;
mod process;

use latchkey::base::clock::{DAY, HOUR};
use latchkey::domain::api_keys::KeyId;
use latchkey::domain::webhooks::{self, Draft, EndpointId, EventType, Policy};

use crate::support::App;
use crate::support::smtp::Smtp;

/// The alerts that are open, by title.
fn open(app: &App) -> Vec<String> {
    app.texts("SELECT title AS text FROM alerts WHERE closed_at IS NULL ORDER BY title")
}

/// As if that many requests had been refused for `reason` by now.
fn refuse(app: &App, key: Option<&str>, reason: &str, address: &str, count: i64) {
    let at = app.site.clock.now().millis();
    let request = latchkey::base::random::text(b"ABCDEFGHJKMNPQRSTVWXYZ", 12).expect("random");
    let key = key.map_or("NULL".into(), |key| format!("'{key}'"));
    app.sql(&format!(
        "INSERT INTO denials (request_id, key_id, secret, reason, detail, address, request_line, at, count) \
         VALUES ('req_{request}', {key}, 1, '{reason}', '', '{address}', 'GET /', {at}, {count})"
    ));
}

/// As if that many requests had passed in the hour that began `hours` before this one.
fn pass(app: &App, key: &str, hours: i64, count: i64) {
    let hour = app.site.clock.now().millis().div_euclid(HOUR) - hours;
    app.sql(&format!(
        "INSERT INTO usage_hours (hour, key_id, secret, outcome, count) VALUES ({hour}, '{key}', 1, 'pass', {count})"
    ));
}

/// As if a key had been used from `address`, `days` ago.
fn seen(app: &App, key: &str, address: &str, days: i64) {
    let at = app.site.clock.now().millis() - days * DAY;
    let day = at.div_euclid(DAY);
    app.sql(&format!(
        "INSERT INTO usage_addresses (key_id, address, day, first_seen_at, last_seen_at, count) \
         VALUES ('{key}', '{address}', {day}, {at}, {at}, 1)"
    ));
}

/// Names a mail server on this machine.
fn use_mail(app: &App, smtp: &Smtp) {
    app.sql(&format!(
        "INSERT INTO mail_server (id, host, port, security, username, sender) \
         VALUES (1, 'localhost', {}, 'none', '', 'latchkey@meridianfreight.example')",
        smtp.port
    ));
}

/// A webhook that wants everything.
fn webhook(app: &App, url: &str) {
    let draft = Draft {
        url: url.into(),
        description: String::new(),
        events: EventType::ALL.map(|event| event.as_str().to_owned()).into(),
        is_active: true,
    };
    let id = EndpointId::random().expect("random");
    let policy = Policy::from(&app.site);
    app.write(|tx, author| webhooks::create(tx, id, &draft, &policy, author));
}

fn key_id(id: &str) -> KeyId {
    KeyId::parse(id).expect("a Key ID")
}
