//! The database is gone: nobody passes by default, and everything is well again by itself.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::wire::{Answer, Request};
use super::{Key, asked, by_hand, code, is_problem, outcome, pass, stranger, told};
use crate::support::{App, postgres_server};

const HIDE: &str = "ALTER TABLE api_key_secrets RENAME TO elsewhere";
const BRING_BACK: &str = "ALTER TABLE elsewhere RENAME TO api_key_secrets";

/// The answer when nothing can be decided.
fn is_undecided(answer: &Answer) {
    assert_eq!(outcome(answer), code(503, "unavailable"));
    is_problem(answer);
    let names: Vec<_> = answer.names().into_iter().collect();
    let expected = ["cache-control", "content-type", "x-content-type-options"];
    assert_eq!(names, expected, "{}", answer.raw);
    for part in ["api_key", "elsewhere", "SELECT", "sql", "relation", "table"] {
        assert!(!answer.raw.contains(part), "the fault is for the log alone: {}", answer.raw);
    }
}

#[test]
fn what_cannot_be_looked_up_is_undecided_and_then_decided_without_a_restart() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..3).map(|_| Key::introspecting(&manager, &[])).collect();
    let unknown = stranger();
    by_hand(&app, HIDE);
    for _ in 0..3 {
        for secret in [&keys[0].secret, &keys[1].secret, &unknown] {
            for query in ["", "scope=orders:read", "environment=staging"] {
                is_undecided(&asked(&app, query).bearer(secret).send());
            }
        }
        let ask = Request::new(&app.url, "POST", "/v1/introspect").from("192.0.2.44");
        is_undecided(&ask.bearer(&keys[2].secret).form(&[("token", &keys[1].secret)]).send());
    }
    // What needs no database is decided all the same.
    assert_eq!(outcome(&asked(&app, "").send()), code(401, "missing_key"));
    for junk in ["junk", &keys[0].id, &keys[0].secret[..56]] {
        assert_eq!(told(&app, "", junk), code(401, "malformed_key"));
    }
    by_hand(&app, BRING_BACK);
    for key in &keys {
        assert_eq!(told(&app, "", &key.secret), pass(), "no fault is remembered");
    }
    assert_eq!(told(&app, "", &unknown), code(401, "invalid_key"));
}

#[test]
fn a_token_that_cannot_be_looked_up_is_undecided_rather_than_inactive() {
    let app = App::set_up();
    let manager = app.super_manager();
    let service = Key::introspecting(&manager, &[]);
    let token = Key::new(&manager, &[]);
    // The caller can still be looked up; of the token there is one line that cannot be read.
    let insert = format!("INSERT INTO api_key_addresses VALUES ('{}', 0, 'nonsense')", token.id);
    by_hand(&app, &insert);
    let ask = Request::new(&app.url, "POST", "/v1/introspect").from("192.0.2.44");
    let ask = ask.bearer(&service.secret).form(&[("token", &token.secret)]);
    is_undecided(&ask.send());
    is_undecided(&asked(&app, "").bearer(&token.secret).send());
}

#[test]
fn dropped_connections_are_replaced_and_an_absent_server_means_503_within_a_second() {
    let Some(server) = postgres_server() else {
        return; // A file cannot hang up.
    };
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..8).map(|_| Key::new(&manager, &[])).collect();
    let database: RequestLine = app
        .read(|c| Ok(diesel::sql_query("SELECT current_database()::text AS name").get_result(c)?));
    let mut beside =
        PgConnection::establish(&format!("{server}/postgres")).expect("PostgreSQL answers");
    let mut run = |sql: String| beside.batch_execute(&sql).expect("it runs");
    let name = database.name;
    // It waits until they are gone, milliseconds at most.
    let drop_all = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
    );
    run(drop_all.clone());
    let mut keys = keys.iter();
    let mut next = || &keys.next().expect("a key that was never asked about").secret;
    decided_in_the_end(&app, next());

    run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    // Twice: a connection that was being made meanwhile is among the second lot.
    run(drop_all.clone());
    run(drop_all);
    for _ in 0..3 {
        let began = Instant::now();
        is_undecided(&asked(&app, "").bearer(next()).send());
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    decided_in_the_end(&app, next());
    decided_in_the_end(&app, next());
}

#[derive(QueryableByName)]
struct RequestLine {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Asks until there is a decision, which must be the right one.
fn decided_in_the_end(app: &App, secret: &str) {
    let began = Instant::now();
    loop {
        let answer = asked(app, "").bearer(secret).send();
        if answer.status == 200 {
            return;
        }
        is_undecided(&answer);
        assert!(began.elapsed() < Duration::from_secs(20), "it does not recover");
    }
}
