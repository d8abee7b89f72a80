//! The migration to daily counts keeps the counts of earlier versions.

use std::fs;
use std::path::Path;

use latchkey::base::clock::{DAY, HOUR};

use crate::support::{App, NOW, is_postgres};

#[test]
fn the_migration_keeps_older_counts_in_both_directions() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let database = if is_postgres() { "postgres" } else { "sqlite" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let run = |file: &str| {
        let path = folder.join("2026-11-26-000001_extend_usage").join(file);
        app.database.connect().run(&fs::read_to_string(path).expect("a migration"));
    };
    run("down.sql");
    let (hour, now) = (NOW.millis() / HOUR, NOW.millis());
    app.sql(&format!(
        "INSERT INTO usage_hours (key_id, secret, hour, outcome, count) VALUES \
         ('{id}', 1, {hour}, 'pass', 3), ('{id}', 2, {hour}, 'pass', 4), \
         ('{id}', 1, {hour}, 'key_revoked', 1), ('{id}', 1, {hour} - 24, 'pass', 5); \
         INSERT INTO usage_addresses (key_id, address, first_seen_at, last_seen_at, count) VALUES \
         ('{id}', '203.0.113.7', {now} - {DAY}, {now}, 12)"
    ));
    run("up.sql");
    let sum = |table: &str, condition: &str| {
        app.number(&format!("SELECT SUM(count) FROM {table} WHERE {condition}"))
    };
    assert_eq!(sum("usage_hours", "outcome = 'pass'"), 12);
    assert_eq!(sum("usage_days", &format!("outcome = 'pass' AND day = {hour} / 24")), 7);
    assert_eq!(sum("usage_totals", &format!("hour = {hour}")), 8);
    let page = app.super_manager().get(&format!("/api-keys/{id}"));
    assert_eq!(page.all(".stats dd")[..2], ["12", "1"]);
    assert_eq!(page.all("[aria-labelledby=seen-t] td.num"), ["12"]);
    run("down.sql");
    assert_eq!((sum("usage_hours", "true"), sum("usage_addresses", "true")), (13, 12));
    run("up.sql");
}
