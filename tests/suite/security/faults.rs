//! Requests while the database is locked, after its connections were closed, and after the clock
//! was set back.

use std::time::{Duration, Instant};

use crate::support::{App, is_postgres};

/// The SQL that takes the lock that every write of the program needs.
pub fn lock_statement() -> &'static str {
    if is_postgres() { "BEGIN; SELECT pg_advisory_xact_lock(444354161)" } else { "BEGIN IMMEDIATE" }
}

#[test]
fn while_the_database_is_locked_writes_fail_fast_with_503_and_pages_are_shown() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let fields = crate::support::key_fields(&[("name", "Another")]);
    let token = manager.get("/api-keys/new").form_token();
    let edit = manager.get(&format!("/api-keys/{id}/edit")).form_fields("#edit form");
    let rows = app.contents();
    let mut other = app.database.connect();
    other.run(lock_statement());
    let token = [("form_token", token.as_str())];
    let revoke = format!("/api-keys/{id}/revoke");
    let revoke_token = manager.get(&revoke).form_token();
    for (path, fields) in [
        ("/api-keys".to_owned(), [&fields[..], &token].concat()),
        (format!("/api-keys/{id}/edit"), crate::support::replaced(&edit, &[("name", "Renamed")])),
        (revoke, vec![("form_token", revoke_token.as_str())]),
        ("/sign-out".to_owned(), token.to_vec()),
    ] {
        let began = Instant::now();
        let page = manager.post(&path, &fields);
        let took = began.elapsed();
        assert_eq!(page.status, 503, "{path}: {}", page.body);
        assert!(took < Duration::from_secs(2), "{path} took {took:?}");
        assert_eq!(page.text("h1"), "Latchkey cannot reach its database");
        assert!(page.body.contains("Nothing was changed."));
        assert_eq!(page.header("retry-after"), "1");
        for path in ["/api-keys", "/api-keys/new", "/sign-in"] {
            let fastest = (0..3).map(|_| {
                let began = Instant::now();
                assert!(matches!(manager.get(path).status, 200 | 303), "{path}");
                began.elapsed()
            });
            let fastest = fastest.min().expect("three attempts");
            assert!(fastest < Duration::from_millis(700), "{path} waited for the lock");
        }
        assert_eq!(app.anonymous().get("/readyz").status, 200);
    }
    other.run("ROLLBACK");
    assert_eq!(app.contents(), rows);
    let page = manager.post("/api-keys", &[&fields[..], &token].concat());
    assert_eq!(page.status, 200, "the same form works after the lock is released: {}", page.body);
}

#[test]
fn concurrent_writes_to_a_locked_database_fail_fast_and_work_afterwards() {
    let app = App::set_up();
    let manager = app.super_manager();
    let tokens: Vec<String> = (0..6).map(|_| manager.get("/api-keys/new").form_token()).collect();
    let mut other = app.database.connect();
    other.run(lock_statement());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (number, token) in tokens.iter().enumerate() {
            let (client, name) = (manager.copy(), format!("Key {number}"));
            scope.spawn(move || {
                let fields = [("form_token", token.as_str()), ("name", &name)];
                let page = client.post("/api-keys", &crate::support::key_fields(&fields));
                assert_eq!(page.status, 503, "{}", page.body);
            });
        }
    });
    assert!(began.elapsed() < Duration::from_secs(4), "took {:?}", began.elapsed());
    other.run("ROLLBACK");
    assert_eq!(app.count("api_keys"), 0);
    assert_eq!(manager.create_key(&[]).status, 200);
}

#[test]
fn closed_connections_to_the_database_are_replaced() {
    if !is_postgres() {
        // SQLite has no connections that could be closed.
        return;
    }
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    let mut other = app.database.connect();
    for round in 0..3 {
        other.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        if round == 1 {
            let fields = [("form_token", token.as_str())];
            let page = manager.post("/api-keys", &crate::support::key_fields(&fields));
            assert_eq!(page.status, 200, "{}", page.body);
        } else {
            assert_eq!(manager.get("/api-keys").status, 200);
        }
    }
    assert_eq!(app.count("api_keys"), 1);
}

#[test]
fn a_clock_that_is_set_back_neither_causes_an_error_nor_extends_a_session() {
    let app = App::set_up();
    let manager = app.super_manager();
    manager.key_named("Billing worker");
    app.advance(-40 * latchkey::base::clock::DAY);
    assert!(matches!(manager.get("/api-keys").status, 200 | 303));
    app.advance(80 * latchkey::base::clock::DAY);
    let page = manager.get("/api-keys");
    assert_eq!((page.status, page.location()), (303, "/sign-in?next=%2Fapi-keys"));
}
