//! `/usage`: the totals of all keys, and the CSV export.

use latchkey::base::clock::{DAY, HOUR};
use latchkey::domain::api_keys::{KeyId, LastUse, in_order_of_rows};
use latchkey::domain::usage::{Outcome, Secret};

use super::{record_denial, record_passes};
use crate::support::App;

#[test]
fn one_page_shows_totals_busiest_and_unused_keys_and_denial_reasons() {
    let app = App::set_up();
    let (busy, calm, unused) = (app.key("Busy"), app.key("Calm"), app.key("Unused"));
    let revoked = app.key("Gone");
    app.sql(&format!("UPDATE api_keys SET revoked_at = 1 WHERE id = '{revoked}'"));
    record_passes(&app, &unused, "203.0.113.7", &[], 1);
    app.advance(40 * DAY);
    record_passes(&app, &busy, "203.0.113.7", &[], 30);
    record_passes(&app, &calm, "203.0.113.7", &[], 4);
    record_denial(&app, Some(&calm), "192.0.2.9", (Outcome::ScopeMissing, "orders:write"), "/");
    record_denial(&app, None, "192.0.2.9", (Outcome::InvalidKey, ""), "/");
    record_denial(&app, None, "192.0.2.9", (Outcome::InvalidKey, ""), "/");
    let manager = app.super_manager();
    let page = manager.get("/usage");
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Usage"));
    assert_eq!(page.all(".stats dd"), ["34", "3", "2", "1"]);
    assert_eq!(
        page.all("h2"),
        [
            "All keys in the last 30 days",
            "Busiest keys in the last 30 days",
            "Not used in the last 30 days",
            "Denied in the last 30 days",
        ]
    );
    let rows = page.all("[aria-labelledby=busiest-t] tbody tr");
    assert_eq!(rows, [format!("Busy Production{busy}300"), format!("Calm Production{calm}41")]);
    let rows = page.all("[aria-labelledby=unused-t] tbody tr");
    assert_eq!(rows, [format!("Unused Production{unused}23 Nov 202623 Nov 2026")]);
    assert_eq!(
        page.all("[aria-labelledby=reasons-t] .kv > div"),
        ["Secret key does not match2", "Scope missing1"]
    );
    let longest = manager.get("/usage?period=90d");
    assert_eq!(longest.all(".stats dd"), ["35", "3", "3", "0"]);
    assert!(longest.text("[aria-labelledby=unused-t]").contains("Every active key was used"));
    let link = longest.attribute("[aria-labelledby=reasons-t] .kv a", "href");
    assert_eq!(link.as_deref(), Some("/usage/denials?reason=invalid_key&period=90d"));
}

#[test]
fn the_last_24_hours_are_counted_by_the_hour() {
    let app = App::set_up();
    let id = app.key("Busy");
    record_passes(&app, &id, "203.0.113.7", &[], 5);
    app.advance(23 * HOUR);
    record_passes(&app, &id, "203.0.113.7", &[], 1);
    let busiest = |app: &App| {
        let page = app.super_manager().get("/usage?period=24h");
        page.all("[aria-labelledby=busiest-t] tbody td.end").first().cloned()
    };
    assert_eq!(busiest(&app).as_deref(), Some("6"));
    app.advance(HOUR);
    assert_eq!(busiest(&app).as_deref(), Some("1"));
}

#[test]
fn a_period_covers_exactly_its_days_on_every_day_of_the_week() {
    let app = App::set_up();
    let id = app.key("Busy");
    app.advance(100 * DAY);
    let today = |app: &App| app.site.clock.now().millis() / DAY;
    let count = |day: i64| {
        app.sql(&format!("INSERT INTO usage_days VALUES ({day}, '{id}', 'pass', 1)"));
    };
    (today(&app) - 99..today(&app)).for_each(count);
    for _ in 0..7 {
        count(today(&app));
        for (period, days) in [("7d", "7"), ("30d", "30"), ("90d", "90")] {
            let page = app.super_manager().get(&format!("/usage?period={period}"));
            assert_eq!(page.all("[aria-labelledby=busiest-t] tbody td.end")[0], days, "{period}");
        }
        app.advance(DAY);
    }
}

#[test]
fn the_page_works_without_keys_or_requests() {
    let app = App::set_up();
    let manager = app.super_manager();
    for period in ["24h", "7d", "30d", "90d", "", "1y"] {
        let page = manager.get(&format!("/usage?period={period}"));
        assert_eq!(page.status, 200, "{period}");
        assert_eq!(page.all(".stats dd"), ["0", "0", "0", "0"]);
        assert!(!page.has(".chart"), "no axes without requests");
        assert!(page.body.contains("No requests were denied in this period."));
    }
    let file = manager.get("/usage/export.csv");
    assert_eq!(file.body.lines().count(), 1, "only the header row");
}

#[test]
fn the_export_has_a_row_for_each_key_with_every_outcome() {
    let app = App::set_up();
    let manager = app.super_manager();
    let formula = manager.create_key(&[("name", "=1+1, \"x\"")]).key_id();
    for number in 0..250 {
        app.sql(&format!(
            "INSERT INTO api_keys (id, name, name_folded, environment, role_id, all_role_scopes, \
             notes, version, created_at, created_by, expires_at, secret_created_at, last_used_at, \
             attention_at) SELECT 'key_{number:012}', 'Key {number}', 'key {number}', \
             environment, role_id, all_role_scopes, notes, version, created_at, created_by, \
             expires_at, secret_created_at, last_used_at, attention_at FROM api_keys \
             WHERE id = '{formula}'"
        ));
    }
    record_passes(&app, &formula, "203.0.113.7", &[], 3);
    record_denial(&app, Some(&formula), "192.0.2.9", (Outcome::KeyExpired, ""), "/");
    let file = manager.get("/usage/export.csv?period=7d");
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"latchkey-usage-2026-11-17-to-2026-11-23.csv\""
    );
    let mut rows = csv::Reader::from_reader(file.body.as_bytes());
    let names = rows.headers().expect("columns").clone();
    assert_eq!(names.iter().take(3).collect::<Vec<_>>(), ["key_id", "name", "environment"]);
    assert_eq!(names.len(), 6 + Outcome::ALL.len() + 2);
    let rows: Vec<_> = rows.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 251);
    let row = rows.iter().find(|row| row[0] == formula).expect("the key");
    let cell = |name: &str| &row[names.iter().position(|other| other == name).expect("a column")];
    assert_eq!(cell("name"), "'=1+1, \"x\"");
    assert_eq!((cell("pass"), cell("key_expired"), cell("key_revoked")), ("3", "1", "0"));
    assert_eq!(manager.any("HEAD", "/usage/export.csv").body, "");
}

#[test]
fn usage_of_more_than_a_thousand_keys_is_written_completely() {
    let app = App::set_up();
    let address = "203.0.113.7".parse().expect("an address");
    let secrets: Vec<_> = (0..1_003)
        .map(|_| Secret { key_id: KeyId::random().expect("random"), number: 1 })
        .collect();
    for round in 0..2 {
        for secret in &secrets[round..] {
            app.usage.pass(*secret, Some(address), std::iter::empty(), app.site.clock.now());
        }
        app.write_usage();
    }
    let page = app.super_manager().get("/usage");
    assert_eq!(page.all(".stats dd")[0], "2,005");
    let addresses = "(SELECT COUNT(*) FROM usage_addresses WHERE count = 2)";
    assert_eq!(app.number(addresses), 1_002);
    assert_eq!(app.number("(SELECT COUNT(*) FROM usage_hours WHERE count = 2)"), 1_002);
    for table in ["usage_days", "usage_weeks"] {
        assert_eq!(app.number(&format!("(SELECT COUNT(*) FROM {table} WHERE count = 2)")), 1_002);
        assert_eq!(app.count(table), 1_003);
    }
}

#[test]
fn last_uses_are_recorded_in_the_order_of_the_rows_of_their_keys() {
    let app = App::set_up();
    let mut keys: Vec<_> = (1..=9).map(|number| app.key(&format!("Key {number}"))).collect();
    let at = app.site.clock.now();
    let last_use = |id: &String| {
        let key_id = KeyId::parse(id).expect("a Key ID");
        LastUse { key_id, secret: 1, at, address: None }
    };
    let uses = keys.iter().rev().map(last_use).collect();
    let ordered = app.site.db.read_blocking(|connection| in_order_of_rows(connection, uses));
    if !app.site.db.is_sqlite() {
        keys.sort_unstable();
    }
    let ids: Vec<_> = ordered.expect("read").iter().map(|used| used.key_id).collect();
    assert_eq!(ids.iter().map(KeyId::as_str).collect::<Vec<_>>(), keys);
}
