//! Response times of pages with charts, at a client on the same machine.

use std::time::Instant;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl as _};
use latchkey::base::clock::{Clock, DAY, HOUR};
use latchkey::db::without_indexes;

use crate::Scale;
use crate::cost::ms;
use crate::program::{Data, Program};

/// The number of days on which every key was used every hour.
const DAYS: i64 = 90;
/// The requests per hour of the busiest key, which are a million per day.
const BUSIEST: i64 = 41_667;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Requests each page repeatedly and prints the response times.
pub fn measure(scale: &Scale) {
    let data = Data::generate(scale.busy);
    let begin = Instant::now();
    let key = fill(&data);
    println!("{DAYS} days of counts were made in {:.1} s", begin.elapsed().as_secs_f64());
    let program = Program::start_signed_in(&data);
    println!(
        "\n{:<58} {:>9} {:>9}",
        format!("GET, 1,000,000 requests a day, {} keys", scale.busy),
        "p50",
        "p99"
    );
    for (name, path) in [
        ("(only the server: /healthz)", "/healthz".to_owned()),
        ("key page, 90 days", format!("/api-keys/{key}?period=90d")),
        ("key page, 30 days", format!("/api-keys/{key}?period=30d")),
        ("key page, 7 days by the hour", format!("/api-keys/{key}?period=7d")),
        ("key page, 24 hours", format!("/api-keys/{key}?period=24h")),
        ("usage of all keys, 90 days", "/usage?period=90d".to_owned()),
        ("usage of all keys, 24 hours", "/usage?period=24h".to_owned()),
    ] {
        if program.response(&path, None).status() != 200 {
            continue;
        }
        let mut times: Vec<_> = (0..scale.requests)
            .map(|_| {
                let begin = Instant::now();
                program.get(&path);
                begin.elapsed()
            })
            .collect();
        times.sort_unstable();
        let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        let verdict = if ms(p50) > 10.0 { "above the budget of 10 ms" } else { "" };
        println!("{name:<58} {:>6.2} ms {:>6.2} ms {verdict}", ms(p50), ms(p99));
    }
}

/// Adds usage of every key in every hour. One key is used most, from as many addresses as are kept.
/// Returns its ID.
fn fill(data: &Data) -> String {
    let now = Clock::System.now().millis();
    let (hour, day) = (now / HOUR, now / DAY);
    let (first_hour, first_day) = (hour - DAYS * 24, day - DAYS + 1);
    let written = data.db().write_blocking(|tx| {
        let query = "SELECT id FROM api_keys WHERE revoked_at IS NULL ORDER BY id LIMIT 1";
        let Id { id } = diesel::sql_query(query).get_result(&mut **tx)?;
        let fill = format!(
            "CREATE TEMP TABLE hours AS WITH RECURSIVE n(i) AS (SELECT {first_hour} \
                 UNION ALL SELECT i + 1 FROM n WHERE i < {hour}) SELECT i FROM n; \
             CREATE TEMP TABLE days AS WITH RECURSIVE n(i) AS (SELECT {first_day} \
                 UNION ALL SELECT i + 1 FROM n WHERE i < {day}) SELECT i FROM n; \
             INSERT INTO usage_hours (hour, key_id, secret, outcome, count) \
                 SELECT i, id, 1, 'pass', CASE id WHEN '{id}' THEN {BUSIEST} ELSE 7 END \
                 FROM hours, api_keys ORDER BY 1, 2; \
             INSERT INTO usage_hours (hour, key_id, secret, outcome, count) \
                 SELECT i, '{id}', 1, column1, 40 FROM hours, \
                 (VALUES ('scope_missing'), ('address_not_allowed')) ORDER BY 1; \
             INSERT INTO usage_days (day, key_id, outcome, count) SELECT hour / 24, key_id, \
                 outcome, SUM(count) FROM usage_hours GROUP BY 1, 2, 3; \
             INSERT INTO usage_totals (hour, outcome, count) SELECT hour, outcome, SUM(count) \
                 FROM usage_hours GROUP BY 1, 2; \
             INSERT INTO usage_addresses (key_id, address, day, first_seen_at, last_seen_at, count) \
                 SELECT id, '198.51.100.7', i, i * {DAY}, i * {DAY} + 3600000, 160 \
                 FROM api_keys, days ORDER BY 1, 2, 3; \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99) \
                 INSERT INTO usage_addresses SELECT '{id}', '203.0.113.' || n.i, days.i, \
                 days.i * {DAY}, days.i * {DAY} + 3600000, 10000 FROM n, days; \
             INSERT INTO usage_scopes SELECT '{id}', name, {day} FROM scopes; \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
                 INSERT INTO denials SELECT 'req_' || i, CASE WHEN i % 40 = 0 THEN '{id}' END, \
                 CASE WHEN i % 40 = 0 THEN 1 END, CASE i % 40 WHEN 0 THEN 'address_not_allowed' \
                 ELSE 'invalid_key' END, '', '192.0.2.1', 'GET /orders', {now} - i * 60000, 1 FROM n; \
             UPDATE api_keys SET last_used_at = {now}, last_used_address = '198.51.100.7'; \
             DROP TABLE hours; DROP TABLE days"
        );
        let tables = ["usage_hours", "usage_days", "usage_addresses", "denials", "api_keys"];
        without_indexes(tx, &tables, |tx| Ok(tx.batch_execute(&fill)?))?;
        Ok(id)
    });
    written.expect("written")
}
