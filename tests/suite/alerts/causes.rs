//! What opens an alert, and what closes it.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::api_keys::{self, Draft, Rotation};

use super::{key_id, open, pass, refuse, seen};
use crate::support::{App, PASSWORD, usual_draft};

fn long_lived(app: &App, name: &str) -> String {
    let draft = Draft { name: name.into(), lifetime: "365".into(), ..usual_draft() };
    app.key_of(&draft)
}

#[test]
fn a_key_that_expires_has_one_alert_that_gets_more_urgent_and_closes_with_a_rotation() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    app.find_alerts();
    assert!(open(&app).is_empty());
    // 90 days: the last day is 21 February.
    app.advance(60 * DAY);
    app.find_alerts();
    assert_eq!(open(&app), ["“Billing worker” expires in 30 days"]);
    app.advance(16 * DAY);
    app.find_alerts();
    app.find_alerts();
    assert_eq!(open(&app), ["“Billing worker” expires in 14 days"]);
    assert_eq!(app.count("alerts"), 1);
    let rotation = Rotation {
        overlap: "now".into(),
        lifetime: "90".into(),
        since: app.site.clock.now(),
        ..Rotation::default()
    };
    app.write(|tx, author| api_keys::rotate(tx, &key_id(&id), &rotation, author));
    app.find_alerts();
    assert!(open(&app).is_empty());
}

#[test]
fn a_rotation_that_is_due_has_an_alert_until_somebody_keeps_the_key() {
    let app = App::set_up();
    let id = long_lived(&app, "Billing worker");
    app.advance(90 * DAY);
    app.find_alerts();
    assert_eq!(open(&app), ["Rotation of “Billing worker” is due"]);
    app.write(|tx, author| latchkey::domain::attention::keep(tx, &[key_id(&id)], "", author));
    app.find_alerts();
    assert!(open(&app).is_empty());
}

#[test]
fn a_burst_of_refusals_has_one_alert_that_closes_after_an_hour_of_quiet() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    refuse(&app, Some(&id), "scope_missing", "203.0.113.7", 12);
    app.find_alerts();
    assert!(open(&app).is_empty());
    refuse(&app, Some(&id), "address_not_allowed", "203.0.113.7", 8);
    for _ in 0..3 {
        app.find_alerts();
        assert_eq!(open(&app), ["“Billing worker” is refused many times"]);
        app.advance(3 * MINUTE);
    }
    app.advance(HOUR - 5 * MINUTE);
    app.find_alerts();
    assert_eq!(open(&app).len(), 1);
    app.advance(5 * MINUTE);
    app.find_alerts();
    assert!(open(&app).is_empty());
    assert_eq!(app.count("alerts"), 1);
}

#[test]
fn unknown_keys_count_by_network_whatever_the_address() {
    let app = App::set_up();
    refuse(&app, None, "invalid_key", "2001:db8::1", 25);
    refuse(&app, None, "malformed_key", "198.51.100.4", 49);
    refuse(&app, None, "missing_key", "198.51.100.4", 90);
    app.find_alerts();
    assert!(open(&app).is_empty());
    refuse(&app, None, "malformed_key", "2001:db8::ffff:2", 25);
    app.find_alerts();
    assert_eq!(open(&app), ["Unknown keys come from 2001:db8::/64"]);
}

#[test]
fn a_dead_secret_has_an_alert_once_its_clients_had_an_hour_to_hear_of_it() {
    let app = App::set_up();
    let (revoked, rotated) = (app.key("Payroll"), app.rotated_key("Billing worker"));
    app.write(|tx, author| api_keys::revoke(tx, &key_id(&revoked), "", author));
    refuse(&app, Some(&revoked), "key_revoked", "203.0.113.7", 1);
    app.advance(7 * DAY);
    app.find_alerts();
    assert!(open(&app).is_empty(), "too early to tell");
    refuse(&app, Some(&rotated), "secret_superseded", "203.0.113.7", 4);
    refuse(&app, Some(&revoked), "key_revoked", "203.0.113.7", 1);
    app.find_alerts();
    assert_eq!(open(&app), ["“Payroll” is used though it is revoked"]);
    app.advance(HOUR);
    refuse(&app, Some(&rotated), "secret_superseded", "203.0.113.7", 4);
    app.find_alerts();
    let both = [
        "An old secret of “Billing worker” is used after its end",
        "“Payroll” is used though it is revoked",
    ];
    assert_eq!(open(&app), both);
    app.advance(DAY);
    app.find_alerts();
    assert!(open(&app).is_empty());
}

#[test]
fn a_new_address_has_an_alert_where_a_key_is_old_and_known_from_few() {
    let app = App::set_up();
    let settled = long_lived(&app, "Billing worker");
    let roaming = long_lived(&app, "Courier app");
    app.advance(13 * DAY);
    let young = long_lived(&app, "Payroll");
    app.advance(7 * DAY);
    for address in ["203.0.113.7", "203.0.113.8"] {
        seen(&app, &settled, address, 3);
        seen(&app, &young, address, 3);
    }
    for last in 1..=6 {
        seen(&app, &roaming, &format!("203.0.113.{last}"), 3);
    }
    seen(&app, &settled, "203.0.113.7", 0);
    app.find_alerts();
    assert!(open(&app).is_empty());
    for id in [&settled, &roaming, &young] {
        seen(&app, id, "198.51.100.4", 0);
    }
    app.find_alerts();
    assert_eq!(open(&app), ["“Billing worker” is used from a new address"]);
    let detail = app.texts("SELECT detail AS text FROM alerts").remove(0);
    assert_eq!(detail, "From 198.51.100.4. Before, it was known from 2 addresses.");
    app.advance(2 * DAY);
    app.find_alerts();
    assert!(open(&app).is_empty());
}

#[test]
fn far_more_use_than_usual_has_an_alert_and_a_weekly_rhythm_has_none() {
    let app = App::set_up();
    let (weekly, burst) = (long_lived(&app, "Payroll"), long_lived(&app, "Billing worker"));
    app.advance(60 * DAY);
    for week in 1..=4 {
        pass(&app, &weekly, 1 + week * 168, 9_000);
        pass(&app, &burst, 1 + week * 168, 400);
    }
    pass(&app, &weekly, 1, 10_000);
    pass(&app, &burst, 1, 1_599);
    app.find_alerts();
    assert!(open(&app).is_empty());
    app.advance(HOUR);
    pass(&app, &burst, 1, 40_000);
    app.find_alerts();
    assert_eq!(open(&app), ["“Billing worker” is used far more than usual"]);
    app.advance(5 * HOUR);
    app.find_alerts();
    assert!(open(&app).is_empty());
}

#[test]
fn sign_ins_that_fail_from_one_network_have_an_alert_also_across_the_end_of_an_hour() {
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
    assert!(open(&app).is_empty(), "nine are not too many");
    fail("guess4@example.com");
    app.clear_away();
    app.find_alerts();
    // What was counted in the hour that has ended is recorded by now.
    assert!(open(&app).is_empty());
    (0..6).for_each(|n| fail(&format!("guess{n}@example.com")));
    app.find_alerts();
    assert_eq!(open(&app), ["Sign-ins fail from 203.0.113.9"]);
    assert!(!app.everything().iter().any(|row| row.contains("guess")));
    app.advance(16 * MINUTE + HOUR);
    app.find_alerts();
    assert!(open(&app).is_empty(), "it closes after an hour without");
}

#[test]
fn sign_ins_that_fail_have_an_alert_for_the_network_and_for_the_account() {
    let app = App::set_up();
    let email = "ines@meridianfreight.example";
    app.member(email, true, &[]);
    for _ in 0..5 {
        let page = app.anonymous().submit("/sign-in", &[("email", email), ("password", "wrong")]);
        assert_eq!(page.status, 422);
    }
    app.find_alerts();
    assert!(open(&app).is_empty());
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
    assert_eq!(open(&app), [format!("Sign-ins fail for {email}")]);
    assert!(!app.everything().join("\n").contains(PASSWORD));
}
