//! Usage data is kept for as long as the settings say, and is deleted without delaying requests.

use std::thread;
use std::time::{Duration, Instant};

use latchkey::base::clock::{DAY, HOUR};

use crate::support::{App, Client, NOW, Shell, is_postgres, replaced};

/// The numbers from 0 to `count - 1`, as the SQL table `s(n)`.
fn numbers(count: u32) -> String {
    if is_postgres() {
        return format!("generate_series(0, {count} - 1) AS s(n)");
    }
    format!(
        "(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {count}) \
         SELECT n FROM s) AS s"
    )
}

/// Fills every table with a row for each of the last 4,000 days.
fn fill(app: &App) {
    let (hour, day, now) = (NOW.millis() / HOUR, NOW.millis() / DAY, NOW.millis());
    let days = numbers(4_000);
    for rows in [
        format!("usage_hours SELECT {hour} - n * 24, 'key_7QF2M8KDX4TN', 1, 'pass', 1"),
        format!("usage_hours SELECT {hour} - n * 24, 'key_7QF2M8KDX4TN', 2, 'pass', 1"),
        format!("usage_days SELECT {day} - n, 'key_7QF2M8KDX4TN', 'pass', 1"),
        format!("usage_totals SELECT {hour} - n * 24, 'pass', 1"),
        format!(
            "usage_addresses SELECT 'key_7QF2M8KDX4TN', '192.0.2.1', {day} - n, 1, {now} - n, 1"
        ),
        format!(
            "denials SELECT 'req_' || n, NULL, NULL, 'missing_key', '', NULL, '', \
             {now} - n * CAST({DAY} AS BIGINT), 1"
        ),
    ] {
        app.sql(&format!("INSERT INTO {rows} FROM {days}"));
    }
}

/// How many rows remain of hours, addresses, days, totals and denials.
fn remaining(app: &App) -> [i64; 5] {
    ["usage_hours", "usage_addresses", "usage_days", "usage_totals", "denials"]
        .map(|table| app.count(table))
}

/// Asserts that each week is the sum of its remaining days, and that there are no other weeks.
fn assert_weeks_are_sums_of_days(app: &App) {
    const WEEKS: &str = "SELECT week, key_id, outcome, count FROM usage_weeks";
    const DAYS: &str = "SELECT day / 7, key_id, outcome, CAST(SUM(count) AS BIGINT) FROM usage_days \
        GROUP BY day / 7, key_id, outcome";
    for (some, others) in [(WEEKS, DAYS), (DAYS, WEEKS)] {
        let wrong = format!("(SELECT COUNT(*) FROM ({some} EXCEPT {others}) AS wrong)");
        assert_eq!(app.number(&wrong), 0);
    }
}

#[test]
fn only_data_older_than_the_settings_allow_is_deleted() {
    let app = App::set_up();
    fill(&app);
    app.purge();
    // The current hour, day and instant, and those before it.
    assert_eq!(remaining(&app), [2 * 101, 101, 731, 731, 91]);
    assert_weeks_are_sums_of_days(&app);
    let oldest = NOW.millis() / HOUR - 100 * 24;
    assert_eq!(app.number("SELECT MIN(hour) FROM usage_hours"), oldest);
    app.advance(HOUR - 1);
    app.purge();
    assert_eq!(remaining(&app), [2 * 101, 101, 731, 731, 90]);
    app.advance(1);
    app.purge();
    assert_eq!(remaining(&app), [2 * 100, 101, 731, 730, 90]);
    app.advance(11 * HOUR);
    app.purge();
    assert_eq!(remaining(&app), [2 * 100, 100, 730, 730, 90], "a new day began");
}

#[test]
fn changed_settings_apply_to_the_next_run() {
    let app = App::set_up();
    let manager = app.super_manager();
    fill(&app);
    let form = manager.get("/settings").form_fields("form[action='/settings']");
    let fewer = [("hourly_counts_days", "7"), ("daily_counts_days", "30"), ("denials_days", "1")];
    assert_eq!(manager.post("/settings", &replaced(&form, &fewer)).status, 303);
    app.purge();
    assert_eq!(remaining(&app), [2 * 8, 8, 31, 31, 2]);
    assert_weeks_are_sums_of_days(&app);
}

/// Adds old counts of one hour, and addresses of one day, for this number of keys.
fn add_one_day(app: &App, keys: u32) {
    let (hour, day) = (NOW.millis() / HOUR - 3_000, NOW.millis() / DAY - 125);
    let keys = numbers(keys);
    app.sql(&format!(
        "INSERT INTO usage_hours SELECT {hour}, 'key_' || n, 1, 'pass', 1 FROM {keys}"
    ));
    app.sql(&format!(
        "INSERT INTO usage_addresses SELECT 'key_' || n, '192.0.2.1', {day}, 1, 1, 1 FROM {keys}"
    ));
}

#[test]
fn five_thousand_rows_of_one_hour_are_deleted_in_batches_while_others_write() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.sql("UPDATE settings SET active_key_limit = 10000");
    add_one_day(&app, 5_000);
    let longest = thread::scope(|scope| {
        let clearing = scope.spawn(|| app.purge());
        let mut longest = Duration::ZERO;
        let mut written = 0;
        while !clearing.is_finished() || written == 0 {
            let began = Instant::now();
            let key = manager.create_key(&[("name", &format!("Worker {written}"))]);
            assert_eq!(key.status, 200, "{}", key.body);
            longest = longest.max(began.elapsed());
            written += 1;
        }
        longest
    });
    assert!(longest < Duration::from_secs(2), "a request took {longest:?}");
    assert_eq!((app.count("usage_hours"), app.count("usage_addresses")), (0, 0));
}

#[test]
fn two_nodes_can_delete_old_data_at_the_same_time() {
    let app = App::set_up();
    let other = app.second_node();
    fill(&app);
    add_one_day(&app, 3_000);
    thread::scope(|scope| {
        scope.spawn(|| app.purge());
        scope.spawn(|| other.purge());
    });
    assert_eq!(remaining(&app), [2 * 101, 101, 731, 731, 91]);
    assert_weeks_are_sums_of_days(&app);
}

#[test]
fn a_busy_database_is_skipped_until_the_next_run() {
    let app = App::set_up();
    fill(&app);
    let before = remaining(&app);
    let mut connection = app.database.connect();
    connection.run(crate::security::faults::lock_statement());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let clearing = latchkey::domain::usage::purge(&app.site.db, NOW);
    assert!(runtime.expect("a runtime").block_on(clearing).is_err());
    connection.run("ROLLBACK");
    assert_eq!(remaining(&app), before);
    app.purge();
    assert_eq!(remaining(&app), [2 * 101, 101, 731, 731, 91]);
}

#[test]
fn a_stop_does_not_wait_until_all_old_data_is_deleted() {
    let shell = Shell::new();
    assert!(shell.run(&["demo", "--keys", "1", "--days", "0"]).status.success());
    let mut connection = shell.database.connect();
    let keys = numbers(300_000);
    connection.run(&format!("INSERT INTO usage_hours SELECT n, 'key_1', 1, 'pass', 1 FROM {keys}"));
    let (server, url) = shell.serve();
    // The program prints its address before it handles signals.
    assert_eq!(Client::new(&url).get("/healthz").status, 200);
    let began = Instant::now();
    server.stop();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    let remaining = connection.texts("SELECT CAST(COUNT(*) AS TEXT) AS text FROM usage_hours");
    // Batches of a thousand, at least 20 ms apart: all of them take six seconds.
    assert!(
        remaining[0].parse::<i64>().expect("a number") > 0,
        "everything was deleted before the stop"
    );
}
