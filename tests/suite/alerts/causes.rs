//! What opens an alert, and what closes it.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::api_keys::{self, Draft, Rotation};

use super::{key_id, open_alerts, record_address, record_denials, record_usage};
use crate::support::{App, PASSWORD, usual_draft};

fn long_lived(app: &App, name: &str) -> String {
    let draft = Draft { name: name.into(), lifetime: "365".into(), ..usual_draft() };
    app.key_from(&draft)
}

#[test]
fn an_expiring_key_has_one_alert_that_becomes_more_urgent_and_closes_on_rotation() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    // The key is valid for 90 days, so its last day is 21 February.
    app.advance(60 * DAY);
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["“Billing worker” expires in 30 days"]);
    app.advance(16 * DAY);
    app.find_alerts();
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["“Billing worker” expires in 14 days"]);
    assert_eq!(app.count("alerts"), 1);
    let rotation = Rotation {
        overlap: "now".into(),
        lifetime: "90".into(),
        since: app.site.clock.now(),
        ..Rotation::default()
    };
    app.write(|tx, context| api_keys::rotate(tx, &key_id(&id), &rotation, context));
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
}

#[test]
fn a_due_rotation_has_an_alert_until_the_key_is_snoozed() {
    let app = App::set_up();
    let id = long_lived(&app, "Billing worker");
    app.advance(90 * DAY);
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["Rotation of “Billing worker” is due"]);
    app.write(|tx, context| latchkey::domain::attention::snooze(tx, &[key_id(&id)], "", context));
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
}

#[test]
fn a_burst_of_denials_has_one_alert_that_closes_after_a_quiet_hour() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 12);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    record_denials(&app, Some(&id), "address_not_allowed", "203.0.113.7", 8);
    for _ in 0..3 {
        app.find_alerts();
        assert_eq!(open_alerts(&app), ["“Billing worker” is denied many times"]);
        app.advance(3 * MINUTE);
    }
    app.advance(HOUR - 5 * MINUTE);
    app.find_alerts();
    assert_eq!(open_alerts(&app).len(), 1);
    app.advance(5 * MINUTE);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    assert_eq!(app.count("alerts"), 1);
}

#[test]
fn unknown_keys_are_counted_by_network_and_not_by_address() {
    let app = App::set_up();
    record_denials(&app, None, "invalid_key", "2001:db8::1", 25);
    record_denials(&app, None, "malformed_key", "198.51.100.4", 49);
    record_denials(&app, None, "missing_key", "198.51.100.4", 90);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    record_denials(&app, None, "malformed_key", "2001:db8::ffff:2", 25);
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["Unknown keys come from 2001:db8::/64"]);
}

#[test]
fn use_of_an_inactive_secret_has_an_alert_from_an_hour_after_it_stopped_working() {
    let app = App::set_up();
    let (revoked, rotated) = (app.key("Payroll"), app.rotated_key("Billing worker"));
    app.write(|tx, context| api_keys::revoke(tx, &key_id(&revoked), "", context));
    record_denials(&app, Some(&revoked), "key_revoked", "203.0.113.7", 1);
    app.advance(7 * DAY);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty(), "its clients may not have noticed the revocation yet");
    record_denials(&app, Some(&rotated), "secret_superseded", "203.0.113.7", 4);
    record_denials(&app, Some(&revoked), "key_revoked", "203.0.113.7", 1);
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["“Payroll” is used though it is revoked"]);
    app.advance(HOUR);
    record_denials(&app, Some(&rotated), "secret_superseded", "203.0.113.7", 4);
    app.find_alerts();
    let both = [
        "An old secret of “Billing worker” is used after its end",
        "“Payroll” is used though it is revoked",
    ];
    assert_eq!(open_alerts(&app), both);
    app.advance(DAY);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
}

#[test]
fn a_new_address_has_an_alert_if_the_key_is_old_and_has_few_addresses() {
    let app = App::set_up();
    let settled = long_lived(&app, "Billing worker");
    let roaming = long_lived(&app, "Courier app");
    app.advance(13 * DAY);
    let young = long_lived(&app, "Payroll");
    app.advance(7 * DAY);
    for address in ["203.0.113.7", "203.0.113.8"] {
        record_address(&app, &settled, address, 3);
        record_address(&app, &young, address, 3);
    }
    for last in 1..=6 {
        record_address(&app, &roaming, &format!("203.0.113.{last}"), 3);
    }
    record_address(&app, &settled, "203.0.113.7", 0);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    for id in [&settled, &roaming, &young] {
        record_address(&app, id, "198.51.100.4", 0);
    }
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["“Billing worker” is used from a new address"]);
    let detail = app.texts("SELECT detail AS text FROM alerts").remove(0);
    assert_eq!(detail, "From 198.51.100.4. Before, it was known from 2 addresses.");
    app.advance(2 * DAY);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
}

#[test]
fn unusually_high_usage_has_an_alert_but_a_weekly_peak_has_none() {
    let app = App::set_up();
    let (weekly, burst) = (long_lived(&app, "Payroll"), long_lived(&app, "Billing worker"));
    app.advance(60 * DAY);
    for week in 1..=4 {
        record_usage(&app, &weekly, 1 + week * 168, 9_000);
        record_usage(&app, &burst, 1 + week * 168, 400);
    }
    record_usage(&app, &weekly, 1, 10_000);
    record_usage(&app, &burst, 1, 1_599);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    app.advance(HOUR);
    record_usage(&app, &burst, 1, 40_000);
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["“Billing worker” is used far more than usual"]);
    app.advance(5 * HOUR);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
}

#[test]
fn failed_sign_ins_from_one_network_have_an_alert_even_across_an_hour_boundary() {
    let app = App::set_up();
    let email = "ines@meridianfreight.example";
    app.member(email, true, &[]);
    let stranger = app.anonymous().calling_from("203.0.113.9");
    let fail = |email: &str| {
        let page = stranger.submit("/sign-in", &[("email", email), ("password", "wrong")]);
        assert_eq!(page.status, 422, "{}", page.body);
    };
    app.advance(55 * MINUTE);
    fail(email);
    (0..5).for_each(|n| fail(&format!("guess{n}@example.com")));
    app.advance(8 * MINUTE);
    (0..3).for_each(|n| fail(&format!("guess{n}@example.com")));
    app.find_alerts();
    assert!(open_alerts(&app).is_empty(), "nine failures are below the threshold");
    fail("guess4@example.com");
    app.purge();
    app.find_alerts();
    // The counts of the hour that has ended have been recorded by now.
    assert!(open_alerts(&app).is_empty());
    (0..6).for_each(|n| fail(&format!("guess{n}@example.com")));
    app.find_alerts();
    assert_eq!(open_alerts(&app), ["Sign-ins fail from 203.0.113.9"]);
    assert!(!app.everything().iter().any(|row| row.contains("guess")));
    app.advance(16 * MINUTE + HOUR);
    app.find_alerts();
    assert!(open_alerts(&app).is_empty(), "it closes after an hour without failures");
}

#[test]
fn failed_sign_ins_have_an_alert_for_the_network_and_for_the_account() {
    let app = App::set_up();
    let email = "ines@meridianfreight.example";
    app.member(email, true, &[]);
    for _ in 0..5 {
        let page = app.anonymous().submit("/sign-in", &[("email", email), ("password", "wrong")]);
        assert_eq!(page.status, 422);
    }
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    for round in 0..5 {
        app.advance(MINUTE);
        let address = format!("198.51.100.{round}");
        let stranger = app.anonymous().calling_from(&address);
        let page = stranger.submit(
            "/sign-in",
            &[("email", "INES@meridianfreight.example"), ("password", "wrong")],
        );
        assert_eq!(page.status, 422, "{}", page.body);
    }
    app.find_alerts();
    assert_eq!(open_alerts(&app), [format!("Sign-ins fail for {email}")]);
    assert!(!app.everything().join("\n").contains(PASSWORD));
}
