//! Expiry dates: required, in the future and at most a year ahead. A key works until the end of its
//! last day in UTC.

use latchkey::base::clock::{DAY, HOUR, MINUTE};

use crate::support::App;

#[test]
fn super_managers_are_warned_of_a_clock_that_was_set_back_until_it_has_caught_up() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.member("noor@meridianfreight.example", false, &[]);
    let member = app.signed_in("noor@meridianfreight.example");
    let check = || app.site.clock_steps.check(app.site.clock.now(), 0);
    check();
    app.advance(-MINUTE);
    check();
    assert!(!manager.get("/api-keys").has("#clock-step"), "a small correction");
    app.advance(-4 * MINUTE);
    check();
    let warning = manager.get("/api-keys").text("#clock-step");
    let times = "set back from 23 Nov 2026, 12:00 to 23 Nov 2026, 11:55 UTC";
    assert!(warning.contains(times), "{warning}");
    assert!(!member.get("/account").has("#clock-step"));
    app.advance(5 * MINUTE);
    assert!(!manager.get("/api-keys").has("#clock-step"), "the clock has caught up");
}

#[test]
fn lifetimes_count_from_today_and_include_their_last_day() {
    let app = App::set_up();
    let manager = app.super_manager();
    for (lifetime, last, end) in [
        ("30", "23 Dec 2026", "2026-12-24T00:00:00Z"),
        ("90", "21 Feb 2027", "2027-02-22T00:00:00Z"),
        ("180", "22 May 2027", "2027-05-23T00:00:00Z"),
        ("365", "23 Nov 2027", "2027-11-24T00:00:00Z"),
    ] {
        let id = manager.create_key(&[("name", lifetime), ("lifetime", lifetime)]).key_id();
        let table = manager.get("/api-keys?sort=created");
        let cell = format!("#{id} td[data-label=Expires] time");
        assert_eq!(table.text(&cell), last);
        assert_eq!(table.attribute(&cell, "datetime").as_deref(), Some(end));
    }
}

#[test]
fn a_key_that_expires_today_works_until_midnight_utc() {
    let app = App::set_up();
    let manager = app.super_manager();
    let today = [("lifetime", "date"), ("expires_on", "2026-11-23")];
    let page = manager.create_key(&today);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.text("dialog dl").contains("23 November 2026"));
    let path = format!("/api-keys/{}", page.key_id());
    let badge = |app: &App| app.super_manager().get(&path).text(".title-row .badge");
    assert_eq!(badge(&app), "Expires today");
    app.advance(12 * HOUR - 1);
    assert_eq!(badge(&app), "Expires today");
    app.advance(1);
    assert_eq!(badge(&app), "Expired");
}

#[test]
fn the_last_day_is_a_utc_day_at_any_hour() {
    let app = App::set_up();
    // It is 23:59:59.999 on 23 November, a millisecond before midnight.
    app.advance(12 * HOUR - 1);
    let manager = app.super_manager();
    let dated = |name: &str, date: &str| {
        let fields = [("name", name), ("lifetime", "date"), ("expires_on", date)];
        manager.create_key(&fields).status
    };
    assert_eq!(dated("Last millisecond", "2026-11-23"), 200);
    assert_eq!(dated("A year", "2027-11-23"), 200);
    assert_eq!(dated("More", "2027-11-24"), 422);
    app.advance(1);
    assert_eq!(dated("Yesterday", "2026-11-23"), 422);
    assert_eq!(dated("A year more", "2027-11-24"), 200);
}

#[test]
fn badges_show_the_most_urgent_state() {
    let app = App::set_up();
    let now = app.site.clock.now().millis();
    let badge = |name: &str, days: i64, age: i64, used: bool, environment: &str| {
        let id = app.key(name);
        let end = now - now % DAY + (days + 1) * DAY;
        app.sql(&format!(
            "UPDATE api_keys SET expires_at = {end}, secret_created_at = {}, last_used_at = {}, \
             environment = '{environment}' WHERE id = '{id}'",
            now - age * DAY,
            if used { now - MINUTE } else { 0 }
        ));
        let client = app.super_manager();
        let shown = client.get(&format!("/api-keys/{id}")).text(".title-row .badge");
        assert_eq!(client.get("/api-keys").text(&format!("#{id} .badge")), shown);
        shown
    };
    assert_eq!(badge("a", 200, 1, true, "production"), "Active");
    assert_eq!(badge("b", 200, 1, false, "production"), "Never used");
    assert_eq!(badge("c", 200, 90, false, "production"), "Rotation due");
    assert_eq!(badge("d", 200, 90, true, "staging"), "Active");
    assert_eq!(badge("e", 200, 180, true, "staging"), "Rotation due");
    assert_eq!(badge("f", 200, 179, true, "development"), "Active");
    assert_eq!(badge("g", 200, 89, true, "production"), "Active");
    assert_eq!(badge("h", 15, 100, true, "staging"), "Active");
    assert_eq!(badge("i", 14, 100, true, "production"), "Expires in 14 days");
    assert_eq!(badge("j", 1, 100, false, "production"), "Expires in 1 day");
    assert_eq!(badge("k", 0, 1, true, "production"), "Expires today");
    assert_eq!(badge("l", -1, 100, true, "production"), "Expired");
    let id = app.key("m");
    app.sql(&format!("UPDATE api_keys SET expires_at = 1, revoked_at = 2 WHERE id = '{id}'"));
    let page = app.super_manager().get(&format!("/api-keys/{id}"));
    assert_eq!(page.text(".title-row .badge"), "Revoked");
}

#[test]
fn settings_can_lower_the_maximum_lifetime() {
    let app = App::set_up();
    app.sql("UPDATE settings SET maximum_lifetime_days = 100");
    let manager = app.super_manager();
    let page = manager.get("/api-keys/new");
    let tiles = page.all("label:has(input[name=lifetime])");
    assert_eq!(tiles, ["30 days23 Dec 2026", "90 days21 Feb 2027", "Pick a dateup to 100 days"]);
    let rejected = manager.create_key(&[("lifetime", "180")]);
    assert_eq!(rejected.errors(), ["Expiry date must be 3 March 2027 or earlier"]);
    let rejected = manager.create_key(&[("lifetime", "date"), ("expires_on", "2027-03-04")]);
    assert_eq!(rejected.error_of("expires_on"), "Expiry date must be 3 March 2027 or earlier");
    assert_eq!(
        manager.create_key(&[("lifetime", "date"), ("expires_on", "2027-03-03")]).status,
        200
    );
}
