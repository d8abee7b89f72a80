//! While the database is unavailable, no request passes. Verification recovers by itself.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::wire::{Request, Response};
use super::{
    Key, assert_problem, authorize, authorize_request, code, outcome, pass, run_sql, unknown_secret,
};
use crate::support::{App, postgres_server};

const HIDE: &str = "ALTER TABLE api_key_secrets RENAME TO elsewhere";
const RESTORE: &str = "ALTER TABLE elsewhere RENAME TO api_key_secrets";

/// Asserts that the response is 503 and does not disclose what failed.
fn assert_unavailable(response: &Response) {
    assert_eq!(outcome(response), code(503, "unavailable"));
    assert_problem(response);
    let names: Vec<_> = response.names().into_iter().collect();
    let expected = [
        "cache-control",
        "content-type",
        "latchkey-code",
        "latchkey-request-id",
        "x-content-type-options",
    ];
    assert_eq!(names, expected, "{}", response.raw);
    for part in ["api_key", "elsewhere", "SELECT", "sql", "relation", "table"] {
        assert!(
            !response.raw.contains(part),
            "details of the failure belong only in the log: {}",
            response.raw
        );
    }
}

#[test]
fn requests_get_503_while_secrets_cannot_be_read_and_recover_without_a_restart() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..3).map(|_| Key::introspecting(&manager, &[])).collect();
    let unknown = unknown_secret();
    run_sql(&app, HIDE);
    for _ in 0..3 {
        for secret in [&keys[0].secret, &keys[1].secret, &unknown] {
            for query in ["", "scope=orders:read", "environment=staging"] {
                assert_unavailable(&authorize_request(&app, query).bearer(secret).send());
            }
        }
        let request = Request::new(&app.url, "POST", "/v1/introspect").from("192.0.2.44");
        let request = request.bearer(&keys[2].secret).form(&[("token", &keys[1].secret)]);
        assert_unavailable(&request.send());
    }
    // Requests that need no database are still decided.
    assert_eq!(outcome(&authorize_request(&app, "").send()), code(401, "missing_key"));
    for junk in ["junk", &keys[0].id, &keys[0].secret[..56]] {
        assert_eq!(authorize(&app, "", junk), code(401, "malformed_key"));
    }
    run_sql(&app, RESTORE);
    for key in &keys {
        assert_eq!(authorize(&app, "", &key.secret), pass(), "the failure is not cached");
    }
    assert_eq!(authorize(&app, "", &unknown), code(401, "invalid_key"));
}

#[test]
fn a_token_that_cannot_be_read_gets_503_and_is_not_reported_as_inactive() {
    let app = App::set_up();
    let manager = app.super_manager();
    let service = Key::introspecting(&manager, &[]);
    let token = Key::new(&manager, &[]);
    // The caller's key can still be read, but the token has an address that cannot be parsed.
    let insert = format!("INSERT INTO api_key_addresses VALUES ('{}', 0, 'nonsense')", token.id);
    run_sql(&app, &insert);
    let request = Request::new(&app.url, "POST", "/v1/introspect").from("192.0.2.44");
    let request = request.bearer(&service.secret).form(&[("token", &token.secret)]);
    assert_unavailable(&request.send());
    assert_unavailable(&authorize_request(&app, "").bearer(&token.secret).send());
}

#[test]
fn dropped_connections_are_replaced_and_an_unreachable_server_means_503_within_seconds() {
    let Some(server) = postgres_server() else {
        return; // SQLite has no connections that a server can drop.
    };
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..8).map(|_| Key::new(&manager, &[])).collect();
    let database: DatabaseName = app
        .read(|c| Ok(diesel::sql_query("SELECT current_database()::text AS name").get_result(c)?));
    let mut administrator = PgConnection::establish(&format!("{server}/postgres"))
        .expect("PostgreSQL accepts connections");
    let mut run = |sql: String| administrator.batch_execute(&sql).expect("the SQL is valid");
    let name = database.name;
    // This returns once the connections are closed, which takes some milliseconds.
    let drop_all = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
    );
    run(drop_all.clone());
    let mut keys = keys.iter();
    let mut next = || &keys.next().expect("a key that is not cached").secret;
    wait_until_pass(&app, next());

    run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    // The second call drops connections that were being opened during the first.
    run(drop_all.clone());
    run(drop_all);
    for _ in 0..3 {
        let began = Instant::now();
        assert_unavailable(&authorize_request(&app, "").bearer(next()).send());
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    wait_until_pass(&app, next());
    wait_until_pass(&app, next());
}

#[derive(QueryableByName)]
struct DatabaseName {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Repeats the request until it passes. Every other response must be 503.
fn wait_until_pass(app: &App, secret: &str) {
    let began = Instant::now();
    loop {
        let response = authorize_request(app, "").bearer(secret).send();
        if response.status == 200 {
            return;
        }
        assert_unavailable(&response);
        assert!(began.elapsed() < Duration::from_secs(20), "verification does not recover");
    }
}
