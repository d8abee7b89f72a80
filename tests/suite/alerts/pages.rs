//! The alerts page and the settings of alerts.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::api_keys::Draft;
use latchkey::domain::attention;
use latchkey::domain::members::Permission;

use super::{key_id, open_alerts, record_address, record_denials};
use crate::support::{App, usual_draft};

/// Adds a key that was used from one address for weeks, and now from another one.
fn key_with_new_address(app: &App, name: &str) -> String {
    let draft = Draft { name: name.into(), lifetime: "365".into(), ..usual_draft() };
    let id = app.key_from(&draft);
    app.advance(20 * DAY);
    record_address(app, &id, "203.0.113.7", 3);
    record_address(app, &id, "198.51.100.4", 0);
    app.find_alerts();
    id
}

#[test]
fn the_page_shows_open_and_closed_alerts() {
    let app = App::set_up();
    assert!(app.super_manager().get("/alerts").text("main").contains("No alert is open"));
    let id = key_with_new_address(&app, "<b>Billing</b>");
    let manager = app.super_manager();
    let page = manager.get("/alerts");
    assert_eq!(page.text("section td .reason"), "“<b>Billing</b>” is used from a new address");
    assert_eq!(page.attribute("section td .reason", "href"), Some(format!("/api-keys/{id}")));
    let current_tab = |path: &str| manager.get(path).text("header a[aria-current]");
    assert_eq!(
        ["/alerts", "/reviews", "/webhooks"].map(current_tab),
        ["Needs attention 1", "Needs attention 1", "Settings"]
    );
    app.advance(2 * DAY);
    app.find_alerts();
    let page = app.super_manager().get("/alerts");
    assert!(page.text("main").contains("No alert is open"));
    assert_eq!(page.text("#closed-t"), "Closed");
    assert_eq!(page.all("section td .reason").len(), 1);
}

#[test]
fn an_alert_with_the_cause_of_a_listed_key_is_listed_once_it_is_closed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    let day = app.site.clock.now().millis() / DAY;
    app.sql(&format!(
        "INSERT INTO usage_days (day, key_id, outcome, count) VALUES ({day}, '{id}', 'scope_missing', 30)"
    ));
    app.find_alerts();
    assert_eq!(open_alerts(&app).len(), 1);
    let page = manager.get("/alerts");
    assert!(page.text("main").contains("No alert is open"));
    assert_eq!(page.text("header a[aria-current]"), "Needs attention 1");
    assert_eq!(page.all(".section-tabs a"), ["Keys 1", "Alerts", "Reviews", "Leaks"]);
    let listed = manager.get("/attention").all(&format!("#{id} .cell-why strong"));
    assert_eq!(listed, ["Many denied requests"]);
    for _ in 0..3 {
        app.advance(25 * MINUTE);
        manager.get("/alerts");
    }
    app.find_alerts();
    let page = manager.get("/alerts");
    assert!(open_alerts(&app).is_empty() && page.text("main").contains("No alert is open"));
    assert_eq!(page.all("section td .reason"), ["“Billing worker” is denied many times"]);
    assert_eq!(page.attribute("section td .reason", "href"), Some(format!("/diagnosis?q={id}")));
}

#[test]
fn the_header_counts_what_its_tabs_count_together() {
    let app = App::set_up();
    let page = app.super_manager().get("/attention");
    assert_eq!(page.text("header a[aria-current]"), "Needs attention");
    assert_eq!(page.all(".section-tabs a"), ["Keys", "Alerts", "Reviews", "Leaks"]);
    let roaming = key_with_new_address(&app, "Courier app");
    let draft = Draft { name: "Billing worker".into(), lifetime: "365".into(), ..usual_draft() };
    let busy = app.key_from(&draft);
    app.sql("UPDATE settings SET review_days = 20");
    let now = app.site.clock.now().millis();
    let volume = format!(
        "INSERT INTO alerts (id, rule, cause, key_id, title, detail, level, since, opened_at, seen_at) \
         VALUES ('alt_1', 'volume', '{busy}', '{busy}', 'Far more', '', 0, {now}, {now}, {now})"
    );
    app.sql(&volume);
    for id in [&busy, &roaming] {
        record_denials(&app, Some(id), "scope_missing", "203.0.113.7", 30);
    }
    let manager = app.super_manager();
    let report = [("location", "https://git.example/app"), ("action", "none")];
    let leak = manager.submit(&format!("/api-keys/{busy}/leak"), &report);
    assert_eq!(leak.status, 303, "{}", leak.body);
    let ids = [&busy, &roaming].map(|id| key_id(id));
    let now = app.site.clock.now();
    app.write(|tx, _| attention::update_flags(tx, &ids, now));
    for path in ["/attention", "/alerts", "/reviews", "/leaks"] {
        let page = manager.get(path);
        assert_eq!(page.all(".section-tabs a"), ["Keys 2", "Alerts 2", "Reviews 1", "Leaks 1"]);
        assert_eq!(page.text("header a[aria-current]"), "Needs attention 6", "{path}");
    }
    let header = manager.get("/usage").text("header a[href='/attention']");
    assert_eq!(header, "Needs attention 6", "on pages of other sections too");
    let viewer = app.super_manager_with(&[Permission::ViewActivity]);
    assert!(!viewer.get("/activity").has("header a[href='/attention']"));
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
    assert_eq!(page.all(".rules input[checked]").len(), 15);
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
