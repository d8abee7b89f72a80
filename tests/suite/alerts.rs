//! Alerts: one per cause, opened and closed automatically, and sent by email and webhook.

mod causes;
mod disabled;
mod messages;
mod pages;
mod process;

use latchkey::base::clock::{DAY, HOUR};
use latchkey::domain::api_keys::KeyId;
use latchkey::domain::webhooks::{self, Draft, EndpointId, EventType, Policy};

use crate::support::App;
use crate::support::smtp::Smtp;

/// The titles of the open alerts, sorted.
fn open_alerts(app: &App) -> Vec<String> {
    app.texts("SELECT title AS text FROM alerts WHERE closed_at IS NULL ORDER BY title")
}

/// Records `count` requests that were denied for `reason` at this moment.
fn record_denials(app: &App, key: Option<&str>, reason: &str, address: &str, count: i64) {
    let at = app.site.clock.now().millis();
    let request = latchkey::base::random::text(b"ABCDEFGHJKMNPQRSTVWXYZ", 12).expect("random");
    let key = key.map_or("NULL".into(), |key| format!("'{key}'"));
    app.sql(&format!(
        "INSERT INTO denials (request_id, key_id, secret, reason, detail, address, request_line, at, count) \
         VALUES ('req_{request}', {key}, 1, '{reason}', '', '{address}', 'GET /', {at}, {count})"
    ));
}

/// Records `count` allowed requests in the hour that started `hours` before the current one.
fn record_usage(app: &App, key: &str, hours: i64, count: i64) {
    let hour = app.site.clock.now().millis().div_euclid(HOUR) - hours;
    app.sql(&format!(
        "INSERT INTO usage_hours (hour, key_id, secret, outcome, count) VALUES ({hour}, '{key}', 1, 'pass', {count})"
    ));
}

/// Records that a key was used from `address`, `days` ago.
fn record_address(app: &App, key: &str, address: &str, days: i64) {
    let at = app.site.clock.now().millis() - days * DAY;
    let day = at.div_euclid(DAY);
    app.sql(&format!(
        "INSERT INTO usage_addresses (key_id, address, day, first_seen_at, last_seen_at, count) \
         VALUES ('{key}', '{address}', {day}, {at}, {at}, 1)"
    ));
}

/// Configures a mail server on this machine.
fn use_mail_server(app: &App, smtp: &Smtp) {
    app.sql(&format!(
        "INSERT INTO mail_server (id, host, port, security, username, sender) \
         VALUES (1, 'localhost', {}, 'none', '', 'latchkey@meridianfreight.example')",
        smtp.port
    ));
}

/// Creates a webhook that subscribes to every event.
fn add_webhook(app: &App, url: &str) {
    let draft = Draft {
        url: url.into(),
        description: String::new(),
        events: EventType::ALL.map(|event| event.as_str().to_owned()).into(),
        is_active: true,
    };
    let id = EndpointId::random().expect("random");
    let policy = Policy::from(&app.site);
    app.write(|tx, context| webhooks::create(tx, id, &draft, &policy, context));
}

fn key_id(id: &str) -> KeyId {
    KeyId::parse(id).expect("a Key ID")
}
