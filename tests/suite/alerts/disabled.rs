//! Alerts and webhook messages about disabled keys.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use serde_json::Value;

use super::{add_webhook, open_alerts};
use crate::api_keys::disable::{create_key, disable, enable, outcome};
use crate::support::App;

const USED: &str = "“Billing worker” is used though it is disabled";
const DUE: &str = "“Billing worker” will be revoked within a day";

/// Sends a request that is denied because the key is disabled, and records it.
fn send_request(app: &App, secret: &str) {
    assert_eq!(outcome(app, secret), "key_disabled");
    app.write_usage();
}

fn alerts(app: &App) -> Vec<String> {
    app.find_alerts();
    open_alerts(app)
}

/// The type, the status of the key and the actor of each webhook message, sorted.
fn messages(app: &App) -> Vec<String> {
    app.find_alerts();
    let bodies = app.texts("SELECT body AS text FROM webhook_messages");
    let summary = |body: &String| {
        let body: Value = serde_json::from_str(body).expect("JSON");
        let parts = [&body["type"], &body["data"]["key"]["status"], &body["data"]["actor"]["name"]];
        parts.map(|part| part.as_str().unwrap_or("-").to_owned()).join(" ")
    };
    let mut messages: Vec<String> = bodies.iter().map(summary).collect();
    messages.sort();
    messages
}

#[test]
fn use_of_a_disabled_key_has_one_alert_from_the_first_request_until_it_is_enabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert!(alerts(&app).is_empty(), "nobody uses it");
    send_request(&app, &secret);
    assert_eq!(alerts(&app), [USED]);
    let detail = "SELECT detail AS text FROM alerts";
    assert_eq!(app.texts(detail), ["1 request since it was disabled, all denied."]);
    for _ in 0..3 {
        app.advance(MINUTE);
        send_request(&app, &secret);
        assert_eq!(alerts(&app), [USED]);
    }
    assert_eq!(app.texts(detail), ["4 requests since it was disabled, all denied."]);
    let stored = app.texts("SELECT rule || ' ' || key_id AS text FROM alerts");
    assert_eq!(stored, [format!("disabled_key_used {id}")]);
    assert_eq!(enable(&manager, &id).status, 303);
    assert!(alerts(&app).is_empty());
    app.advance(MINUTE);
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert!(alerts(&app).is_empty(), "earlier requests do not count");
    app.advance(MINUTE);
    send_request(&app, &secret);
    assert_eq!(alerts(&app), [USED]);
    assert_eq!(app.count("alerts"), 2);
}

#[test]
fn the_alert_about_a_used_key_closes_when_the_key_is_snoozed_or_revoked() {
    for step in ["snooze", "revoke"] {
        let app = App::set_up();
        let manager = app.super_manager();
        let (id, secret) = create_key(&manager, "Billing worker");
        assert_eq!(disable(&manager, &id, &[]).status, 303);
        send_request(&app, &secret);
        assert_eq!(alerts(&app), [USED], "{step}");
        app.advance(MINUTE);
        let path = format!("/api-keys/bulk/{step}?keys={id}");
        assert_eq!(manager.submit(&path, &[("keys", &id)]).status, 303, "{step}");
        assert!(alerts(&app).is_empty(), "{step}");
    }
}

#[test]
fn a_revocation_is_announced_a_day_before_and_closes_when_the_key_is_enabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    let week = [("until", "7d"), ("then", "revoke")];
    assert_eq!(disable(&manager, &id, &week).status, 303);
    app.advance(6 * DAY - 1);
    assert!(alerts(&app).is_empty());
    app.advance(1);
    assert_eq!(alerts(&app), [DUE]);
    let detail = app.texts("SELECT detail AS text FROM alerts").remove(0);
    assert_eq!(detail, "On 30 Nov, 12:00 (UTC). Reason: The partner was told");
    app.advance(HOUR);
    assert_eq!(alerts(&app), [DUE]);
    assert_eq!(app.count("alerts"), 1);
    assert_eq!(enable(&app.super_manager(), &id).status, 303);
    assert!(alerts(&app).is_empty());
    app.advance(DAY);
    app.run_due();
    assert!(alerts(&app).is_empty());
}

#[test]
fn the_alert_about_a_revocation_closes_when_it_is_carried_out() {
    let app = App::set_up();
    let (id, _) = create_key(&app.super_manager(), "Billing worker");
    let manager = app.super_manager();
    assert_eq!(disable(&manager, &id, &[("until", "7d"), ("then", "revoke")]).status, 303);
    app.advance(6 * DAY);
    assert_eq!(alerts(&app), [DUE]);
    app.advance(DAY);
    app.run_due();
    assert!(alerts(&app).is_empty());
    assert_eq!(app.count("api_keys WHERE revoked_at IS NOT NULL"), 1);
}

#[test]
fn a_revocation_within_less_than_a_day_and_a_return_are_not_announced() {
    let app = App::set_up();
    let manager = app.super_manager();
    for (name, fields) in [
        ("Billing worker", [("until", "1h"), ("then", "revoke")]),
        ("Payroll", [("until", "7d"), ("then", "enable")]),
    ] {
        let (id, _) = create_key(&manager, name);
        assert_eq!(disable(&manager, &id, &fields).status, 303, "{name}");
    }
    assert!(alerts(&app).is_empty());
    app.advance(HOUR - 1);
    assert!(alerts(&app).is_empty());
    app.advance(1);
    app.run_due();
    app.advance(6 * DAY);
    assert!(alerts(&app).is_empty());
}

#[test]
fn webhooks_hear_when_a_key_is_disabled_and_enabled_and_by_whom() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    app.find_alerts();
    add_webhook(&app, "https://receiver.example/");
    assert_eq!(disable(&manager, &id, &[("until", "1h")]).status, 303);
    let disabled = "api_key.disabled disabled Ines Okafor";
    assert_eq!(messages(&app), [disabled]);
    app.advance(HOUR);
    app.run_due();
    let enabled = "api_key.enabled active Latchkey";
    assert_eq!(messages(&app), [disabled, enabled]);
    assert_eq!(messages(&app), [disabled, enabled], "each is sent once");
    let manager = app.super_manager();
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert_eq!(enable(&manager, &id).status, 303);
    let sent = messages(&app);
    // By the time these two are written, the key is enabled again.
    let both = ["api_key.disabled active Ines Okafor", "api_key.enabled active Ines Okafor"];
    assert_eq!(sent, [both[0], disabled, both[1], enabled]);
}

#[test]
fn a_scheduled_revocation_is_sent_like_any_other() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[("until", "1h"), ("then", "revoke")]).status, 303);
    app.find_alerts();
    add_webhook(&app, "https://receiver.example/");
    app.advance(HOUR);
    app.run_due();
    assert_eq!(messages(&app), ["api_key.revoked revoked Latchkey"]);
}
