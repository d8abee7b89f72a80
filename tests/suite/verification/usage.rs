//! Every decision is counted, and a bounded number of denied requests is kept.

use std::time::{Duration, Instant};

use latchkey::base::clock::{Clock, DAY, HOUR, MINUTE};
use latchkey::db::{Db, Location};
use latchkey::domain::api_keys::KeyId;

use super::process::{Process, send_everywhere};
use super::revocation::second_secret;
use super::wire::Request;
use super::{CLIENT, Key, authorize, authorize_request, code, outcome, pass, unknown_secret};
use crate::security::faults;
use crate::support::{App, Client, NOW, is_postgres};

/// The counts of a key as `secret hour outcome count`, with hours since the start of the test.
fn counts(app: &App, key: &Key) -> Vec<String> {
    let start = NOW.millis() / HOUR;
    app.write_usage();
    app.texts(&format!(
        "SELECT CAST(secret AS TEXT) || ' ' || CAST(hour - {start} AS TEXT) || ' ' || outcome \
         || ' ' || CAST(count AS TEXT) AS text FROM usage_hours WHERE key_id = '{}' ORDER BY 1",
        key.id
    ))
}

/// The denials of a key, or of requests without a valid key, as
/// `reason|detail|address|request_line|count`.
fn denials(app: &App, key: Option<&Key>) -> Vec<String> {
    let condition = key.map_or("IS NULL".to_owned(), |key| format!("= '{}'", key.id));
    app.texts(&format!(
        "SELECT reason || '|' || detail || '|' || COALESCE(address, '-') || '|' || request_line \
         || '|' || CAST(count AS TEXT) AS text FROM denials WHERE key_id {condition} ORDER BY 1"
    ))
}

#[test]
fn requests_are_counted_by_secret_hour_and_outcome() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("ip_whitelist", "203.0.113.7\n203.0.113.8")]);
    for _ in 0..3 {
        assert_eq!(authorize(&app, "scope=orders:read", &key.secret), pass());
    }
    for scope in ["latchkey:introspect", "no:scope"] {
        authorize(&app, &format!("scope={scope}"), &key.secret);
    }
    authorize(&app, "environment=staging", &key.secret);
    let elsewhere = Request::new(&app.url, "GET", "/v1/authorize").from("192.0.2.1");
    assert_eq!(elsewhere.bearer(&key.secret).send().status, 403);
    let first = ["address_not_allowed 1", "environment_mismatch 1", "pass 3", "scope_missing 2"];
    assert_eq!(counts(&app, &key), first.map(|count| format!("1 0 {count}")));
    // Later requests add to the counts. A new hour has its own.
    authorize(&app, "", &key.secret);
    app.advance(HOUR);
    authorize(&app, "", &key.secret);
    let new = second_secret(&app, &key, NOW.millis() + 30 * DAY);
    assert_eq!(authorize(&app, "", &new), pass());
    key.revoke(&app.super_manager());
    authorize(&app, "", &key.secret);
    let all = counts(&app, &key);
    for count in
        ["1 0 pass 4", "1 0 scope_missing 2", "1 1 key_revoked 1", "1 1 pass 1", "2 1 pass 1"]
    {
        assert!(all.contains(&count.to_owned()), "{count} in {all:?}");
    }
    assert_eq!(all.len(), 7, "{all:?}");
}

#[test]
fn an_introspected_token_and_its_caller_are_both_counted() {
    let app = App::set_up();
    let manager = app.super_manager();
    let service = Key::introspecting(&manager, &[]);
    let token = Key::new(&manager, &[]);
    let introspect = |fields: &[(&str, &str)]| {
        let request = Request::new(&app.url, "POST", "/v1/introspect").from("192.0.2.44");
        request.bearer(&service.secret).form(fields).send()
    };
    introspect(&[("token", &token.secret), ("client_ip", "198.51.100.9")]);
    introspect(&[("token", &token.secret), ("scope", "no:scope"), ("client_ip", "198.51.100.9")]);
    introspect(&[("token", &unknown_secret())]);
    assert_eq!(counts(&app, &service), ["1 0 pass 3"]);
    assert_eq!(counts(&app, &token), ["1 0 pass 1", "1 0 scope_missing 1"]);
    assert_eq!(denials(&app, Some(&token)), ["scope_missing|no:scope|198.51.100.9||1"]);
    assert_eq!(denials(&app, None), ["invalid_key|lk_prod|-||1"]);
}

#[test]
fn the_table_and_the_key_page_show_when_and_from_where_a_key_was_last_used() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    let row = |column: &str| manager.get("/api-keys").text(&format!("#{} {column}", key.id));
    assert_eq!(row("td[data-label='Last used']"), "Never");
    assert_eq!(row(".badge"), "Never used");
    authorize(&app, "", &key.secret);
    // A denied request is not a use.
    app.advance(2 * MINUTE);
    authorize(&app, "scope=no:scope", &key.secret);
    app.write_usage();
    assert_eq!(row("td[data-label='Last used']"), "2 min ago");
    assert_eq!(row(".badge"), "Active");
    let page = manager.get(&format!("/api-keys/{}", key.id));
    assert!(page.all(".kv dd").contains(&format!("2 min ago, from {CLIENT}")), "{}", page.body);
    let page = manager.get(&format!("/api-keys/{}/revoke", key.id));
    assert_eq!(page.all("dl.inset dd")[1], format!("2 min ago, from {CLIENT}"));
    assert_eq!(page.all("dl.inset dd")[2], "1 request from 1 address");
    assert!(page.has("#confirm"), "a key in use needs a confirmation");
}

#[test]
fn a_key_needs_no_attention_after_its_first_use() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("lifetime", "180"), ("environment", "staging")]);
    app.advance(31 * DAY);
    let manager = app.super_manager();
    let needs_attention = || manager.get("/attention").has(&format!("#{}", key.id));
    assert!(needs_attention());
    assert_eq!(authorize(&app, "", &key.secret), pass());
    app.write_usage();
    assert!(!needs_attention());
}

#[test]
fn an_earlier_use_that_is_written_late_does_not_change_the_last_use() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    app.advance(HOUR);
    authorize(&app, "", &key.secret);
    app.write_usage();
    // The clock was set back, or another node wrote later.
    app.advance(-HOUR);
    authorize(&app, "", &key.secret);
    app.write_usage();
    assert_eq!(app.number("SELECT last_used_at FROM api_keys"), NOW.millis() + HOUR);
    assert_eq!(counts(&app, &key), ["1 0 pass 1", "1 1 pass 1"]);
}

fn pass_from(app: &App, key: &Key, address: &str) {
    let request = Request::new(&app.url, "GET", "/v1/authorize").from(address);
    assert_eq!(request.bearer(&key.secret).send().status, 200);
}

#[test]
fn the_latest_hundred_addresses_of_a_key_are_kept() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    pass_from(&app, &key, "198.51.100.1");
    pass_from(&app, &key, "2001:db8::1");
    app.advance(MINUTE);
    pass_from(&app, &key, "::ffff:198.51.100.1");
    app.write_usage();
    app.advance(MINUTE);
    pass_from(&app, &key, "198.51.100.1");
    app.write_usage();
    let seen = |address: &str| {
        let query = format!(
            "SELECT CAST((first_seen_at - {now}) / 60000 AS TEXT) || ' ' || \
             CAST((last_seen_at - {now}) / 60000 AS TEXT) || ' ' || CAST(count AS TEXT) AS text \
             FROM usage_addresses WHERE address = '{address}'",
            now = NOW.millis()
        );
        app.texts(&query)
    };
    assert_eq!(seen("198.51.100.1"), ["0 2 3"]);
    assert_eq!(seen("2001:db8::1"), ["0 0 1"]);
    for n in 0..120 {
        app.advance(1);
        pass_from(&app, &key, &format!("203.0.113.{n}"));
        if n % 20 == 0 {
            app.write_usage();
        }
    }
    app.write_usage();
    assert_eq!(app.count("usage_addresses"), 100);
    assert!(seen("2001:db8::1").is_empty(), "the address that was seen least recently is removed");
    assert_eq!(seen("203.0.113.119").len(), 1);
}

#[test]
fn a_denial_is_kept_with_its_request_under_the_id_in_the_response() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let request = authorize_request(&app, "scope=orders:read+zebras:groom+lions:feed")
        .bearer(&key.secret)
        .header("X-Original-Method", "PATCH")
        .header("X-Original-URI", "/orders/1?access_token=hidden");
    let response = request.send();
    assert_eq!(outcome(&response), code(403, "scope_missing"));
    let forwarded = Request::new(&app.url, "GET", "/v1/authorize")
        .from("192.0.2.9")
        .header("X-Forwarded-Method", "GET")
        .header("X-Forwarded-Uri", format!("/reports/{}\u{202e}\t<b>", "long".repeat(20)));
    assert_eq!(forwarded.send().status, 401);
    app.write_usage();
    assert_eq!(
        denials(&app, Some(&key)),
        [format!("scope_missing|lions:feed zebras:groom|{CLIENT}|PATCH /orders/1|1")]
    );
    assert_eq!(denials(&app, None), ["missing_key||192.0.2.9|GET /reports/…|1"]);
    let id = response.json()["request_id"].as_str().expect("an id").to_owned();
    let row = app.texts(&format!(
        "SELECT CAST(secret AS TEXT) || ' ' || CAST(at AS TEXT) AS text FROM denials \
         WHERE request_id = '{id}'"
    ));
    assert_eq!(row, [format!("1 {}", NOW.millis())]);
}

#[test]
fn similar_denials_are_counted_together() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let ids: Vec<String> = (0..40)
        .map(|_| {
            let response = authorize_request(&app, "scope=zebras:groom").bearer(&key.secret).send();
            response.json()["request_id"].as_str().expect("an id").to_owned()
        })
        .collect();
    for _ in 0..3 {
        authorize_request(&app, "scope=lions:feed").bearer(&key.secret).send();
    }
    app.write_usage();
    let groups = app.texts(
        "SELECT detail || ' ' || CAST(COUNT(*) AS TEXT) || ' ' || CAST(SUM(count) AS TEXT) AS text \
         FROM denials GROUP BY detail ORDER BY detail",
    );
    assert_eq!(groups, ["lions:feed 3 3", "zebras:groom 5 40"]);
    for id in &ids[..5] {
        assert_eq!(
            app.number(&format!("SELECT COUNT(*) FROM denials WHERE request_id = '{id}'")),
            1
        );
    }
}

#[test]
fn an_attack_adds_a_bounded_number_of_rows() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    authorize(&app, "scope=zebras:groom", &key.secret);
    for n in 0..400 {
        let from = format!("198.51.{}.{}", n / 200, n % 200);
        Request::new(&app.url, "GET", "/v1/authorize").from(&from).send();
    }
    app.write_usage();
    let rows = app.number("SELECT COUNT(*) FROM denials WHERE key_id IS NULL");
    assert!(rows <= 110, "{rows} rows for 400 addresses");
    assert_eq!(app.number("SELECT SUM(count) FROM denials WHERE key_id IS NULL"), 400);
    // An attack over several days.
    let numbers = if is_postgres() {
        "generate_series(1, 12000) AS s(n)"
    } else {
        "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 12000) \
          SELECT n FROM s) AS s"
    };
    app.sql(&format!(
        "INSERT INTO denials SELECT 'req_old' || n, NULL, NULL, 'missing_key', '', '192.0.2.1', \
         'GET /', {} - n, 1 FROM {numbers}",
        NOW.millis()
    ));
    authorize_request(&app, "").send();
    app.write_usage();
    assert!(app.number("SELECT COUNT(*) FROM denials WHERE key_id IS NULL") <= 10_400);
    assert_eq!(denials(&app, Some(&key)).len(), 1, "the denials of a key are not removed");
    assert_eq!(denials(&app, None).iter().filter(|row| row.contains("203.0.113.7")).count(), 1);
}

#[test]
fn denials_are_deleted_after_ninety_days() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("lifetime", "365")]);
    authorize(&app, "scope=zebras:groom", &key.secret);
    app.write_usage();
    app.advance(90 * DAY);
    app.purge();
    assert_eq!(denials(&app, Some(&key)).len(), 1);
    app.advance(1);
    app.purge();
    assert!(denials(&app, Some(&key)).is_empty());
    assert_eq!(counts(&app, &key), ["1 0 scope_missing 1"], "the count is kept");
}

#[test]
fn usage_that_a_busy_database_does_not_accept_is_written_once_later() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    authorize(&app, "", &key.secret);
    authorize(&app, "scope=zebras:groom", &key.secret);
    let mut other = app.database.connect();
    other.run(faults::lock_statement());
    assert!(app.try_write_usage().is_err());
    assert_eq!(
        authorize(&app, "", &key.secret),
        pass(),
        "requests do not wait for usage to be written"
    );
    assert!(app.try_write_usage().is_err());
    other.run("ROLLBACK");
    assert_eq!(counts(&app, &key), ["1 0 pass 2", "1 0 scope_missing 1"]);
    app.write_usage();
    assert_eq!(counts(&app, &key), ["1 0 pass 2", "1 0 scope_missing 1"]);
    assert_eq!(denials(&app, Some(&key)).len(), 1);
}

#[test]
fn the_database_contains_no_part_of_a_secret_key_from_any_place_of_a_request() {
    let app = App::set_up();
    let manager = app.super_manager();
    let valid = Key::introspecting(&manager, &[]);
    let revoked = Key::new(&manager, &[]);
    revoked.revoke(&manager);
    let secrets = [valid.secret.clone(), revoked.secret.clone(), unknown_secret()];
    for secret in &secrets {
        send_everywhere(&app.url, &valid.secret, secret);
    }
    app.write_usage();
    assert!(app.count("denials") > 10, "denials were written");
    let everything = app.everything().join("\n");
    for secret in &secrets {
        let random = &secret["lk_prod_".len()..];
        for at in 0..random.len() - 10 {
            assert!(!everything.contains(&random[at..at + 10]), "a part of {secret}");
        }
    }
}

#[test]
fn concurrent_requests_and_writes_lose_no_count() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..50).for_each(|_| assert_eq!(authorize(&app, "", &key.secret), pass()));
            });
        }
        for _ in 0..20 {
            app.write_usage();
        }
    });
    assert_eq!(counts(&app, &key), ["1 0 pass 200"]);
}

#[test]
fn a_process_writes_its_counts_when_it_stops() {
    let mut process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    for url in [&process.programs, &process.pages] {
        let response = Request::new(url, "GET", "/v1/authorize").bearer(&key.secret).send();
        assert_eq!(response.status, 200);
        Request::new(url, "GET", "/v1/authorize").send();
    }
    process.stop();
    let db = Db::open(&Location::Sqlite(process.database())).expect("a database");
    let key_id = KeyId::parse(&key.id).expect("a Key ID");
    let now = Clock::System.now();
    let day =
        db.read_blocking(|c| latchkey::domain::usage::last_day(c, &key_id, now)).expect("read");
    assert_eq!((day.passed, day.addresses), (2, 1));
}

#[test]
fn counts_are_written_within_seconds() {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    let path = format!("/api-keys/{}", key.id);
    assert!(process.manager.get(&path).all(".kv dd").contains(&"Never".to_owned()));
    Request::new(&process.programs, "GET", "/v1/authorize").bearer(&key.secret).send();
    let began = Instant::now();
    while process.manager.get(&path).all(".kv dd").contains(&"Never".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(20), "the page does not show the use");
    }
}

#[test]
fn metrics_are_served_on_the_listener_for_programs_only() {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    for _ in 0..3 {
        Request::new(&process.programs, "GET", "/v1/authorize").bearer(&key.secret).send();
    }
    Request::new(&process.programs, "GET", "/v1/authorize").send();
    let response = Request::new(&process.programs, "GET", "/metrics").send();
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let figure = |name: &str| {
        let value = response.body.lines().find_map(|line| line.strip_prefix(name));
        let value = value.unwrap_or_else(|| panic!("{name} in {}", response.body));
        value.trim().parse::<u32>().expect("a number")
    };
    assert_eq!(figure("latchkey_decisions_total{outcome=\"pass\"}"), 3);
    assert_eq!(figure("latchkey_decisions_total{outcome=\"missing_key\"}"), 1);
    let (hits, misses) = ["hit", "miss"]
        .map(|result| figure(&format!("latchkey_lookups_total{{result=\"{result}\"}}")))
        .into();
    // The process may be notified of the key's creation again, and then reads the key once more.
    assert!(hits + misses == 3 && (1..=2).contains(&misses), "{hits} and {misses}");
    assert_eq!(figure("latchkey_database_lookup_seconds_count"), misses);
    assert_eq!(figure("latchkey_cached_secret_keys"), 1);
    assert_eq!(figure("latchkey_cache_is_current"), 1);
    assert!(!response.body.contains(&key.id), "{}", response.body);
    let head = Request::new(&process.programs, "HEAD", "/metrics").send();
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(process.manager.get("/metrics").status, 404);
    assert_eq!(Client::new(&process.pages).get("/metrics").status, 404);
}
