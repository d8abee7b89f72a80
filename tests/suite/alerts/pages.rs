//! The alerts page and the settings of alerts.

use latchkey::base::clock::{HOUR, MINUTE};

use super::{open_alerts, record_denials};
use crate::support::App;

#[test]
fn the_page_shows_open_and_closed_alerts() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert!(manager.get("/alerts").text("main").contains("No alert is open"));
    let id = app.key("<b>Billing</b>");
    record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    app.find_alerts();
    let page = manager.get("/alerts");
    assert_eq!(page.text("section td .reason"), "“<b>Billing</b>” is refused many times");
    assert_eq!(page.attribute("section td .reason", "href"), Some(format!("/diagnosis?q={id}")));
    let current_tab = |path: &str| manager.get(path).text("header a[aria-current]");
    assert_eq!(
        ["/alerts", "/reviews", "/webhooks"].map(current_tab),
        ["API Keys", "API Keys", "Settings"]
    );
    app.advance(25 * MINUTE);
    manager.get("/alerts");
    app.advance(25 * MINUTE);
    manager.get("/alerts");
    app.advance(25 * MINUTE);
    app.find_alerts();
    let page = manager.get("/alerts");
    assert!(page.text("main").contains("No alert is open"));
    assert_eq!(page.text("#closed-t"), "Closed");
    assert_eq!(page.all("section td .reason").len(), 1);
}

#[test]
fn closed_alerts_are_paged_and_an_invalid_cursor_shows_the_first_page() {
    let app = App::set_up();
    for n in 0..30 {
        app.sql(&format!(
            "INSERT INTO alerts (id, rule, cause, title, detail, level, since, opened_at, seen_at, closed_at) \
             VALUES ('alt_{n:016}', 'volume', '{n}', 'Alert {n}', '', 0, 1, 1, 1, {})",
            5 + n / 3
        ));
    }
    let manager = app.super_manager();
    let first = manager.get("/alerts");
    let next = first.attribute(".pager a", "href").expect("a link");
    let second = manager.get(&next);
    let mut all = first.all("td .reason");
    all.extend(second.all("td .reason"));
    let expected: Vec<String> = (0..30).rev().map(|n| format!("Alert {n}")).collect();
    assert_eq!(all, expected);
    assert!(!second.text("main").contains("No alert is open"));
    assert_eq!(manager.get("/alerts?after=%3Cb%3E").all("td .reason").len(), 25);
}

#[test]
fn turning_off_a_rule_closes_its_alerts_and_opens_no_more() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    app.find_alerts();
    assert_eq!(open_alerts(&app).len(), 1);
    let page = manager.get("/settings/alerts");
    assert_eq!(page.all(".rules input[checked]").len(), 11);
    let saved = manager.submit("/settings/alerts", &[("rules", "volume"), ("email", "off")]);
    assert_eq!(saved.location(), "/settings/alerts");
    let page = manager.get("/settings/alerts");
    assert_eq!(page.text("#notice"), "Alert settings saved.");
    assert_eq!(page.all(".rules input[checked]").len(), 1);
    assert_eq!(page.attribute("input[name=email][checked]", "value").as_deref(), Some("off"));
    app.find_alerts();
    assert!(open_alerts(&app).is_empty());
    let activity = manager.get("/activity").text("main");
    assert!(activity.contains("email from at once to never"), "{activity}");
    let rejected = manager.submit("/settings/alerts", &[("rules", "volume"), ("email", "hourly")]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.error_of("email").contains("Choose when email is sent"));
}

#[test]
fn alerts_are_deleted_ninety_days_after_they_closed() {
    let app = App::set_up();
    let now = app.site.clock.now().millis();
    for (id, closed) in [("old", now - 90 * 24 * HOUR - 1), ("kept", now - 89 * 24 * HOUR)] {
        app.sql(&format!(
            "INSERT INTO alerts (id, rule, cause, title, detail, level, since, opened_at, seen_at, closed_at) \
             VALUES ('{id}', 'volume', '{id}', 'x', '', 0, 1, 1, 1, {closed})"
        ));
    }
    app.purge();
    assert_eq!(app.texts("SELECT id AS text FROM alerts"), ["kept"]);
}
