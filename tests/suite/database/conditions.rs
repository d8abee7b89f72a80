//! A temporary error of the database is answered with 503, and `/readyz` reports it, whatever the
//! language of the message. A permanent error is answered with 500.

use std::time::{Duration, Instant};

use crate::security::faults::lock_statement;
use crate::support::{App, Client, Page, is_postgres, key_fields};

const UNREADY: (u16, &str) = (503, "the database cannot be written\n");
const READY: (u16, &str) = (200, "ok\n");

fn assert_readiness(app: &App, expected: (u16, &str)) {
    let page = app.anonymous().get("/readyz");
    assert_eq!((page.status, page.body.as_str()), expected);
}

/// Waits until `/readyz` gives the expected answer, because it caches an answer for a second.
fn wait_for_readiness(app: &App, expected: (u16, &str)) {
    let began = Instant::now();
    loop {
        let page = app.anonymous().get("/readyz");
        if (page.status, page.body.as_str()) == expected {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{} {}", page.status, page.body);
    }
}

fn create(manager: &Client, token: &str, name: &str) -> Page {
    manager.post("/api-keys", &key_fields(&[("form_token", token), ("name", name)]))
}

fn assert_unavailable(page: &Page, case: &str) {
    assert_eq!(page.status, 503, "{case}: {}", page.body);
    assert_eq!(page.text("h1"), "Latchkey cannot reach its database", "{case}");
    assert!(page.body.contains("Nothing was changed."), "{case}");
}

/// Makes PostgreSQL reject new keys with a SQLSTATE and a message that is in no language.
fn reject_inserts(app: &App, state: &str) {
    app.sql(&format!(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'xyzzy'; END $$; \
         CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON api_keys FOR EACH ROW \
         EXECUTE FUNCTION refuse()"
    ));
}

#[test]
fn temporary_errors_of_postgresql_are_answered_with_503_in_any_language() {
    if !is_postgres() {
        return; // SQLite has no SQLSTATE.
    }
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    // The PostgreSQL documentation lists these: disk full, out of memory, too many connections,
    // read-only transaction, serialization failure, deadlock, lock not available, query canceled,
    // admin shutdown and I/O error.
    for state in
        ["53100", "53200", "53300", "25006", "40001", "40P01", "55P03", "57014", "57P01", "58030"]
    {
        reject_inserts(&app, state);
        assert_unavailable(&create(&manager, &token, "Billing worker"), state);
    }
    app.sql("DROP TRIGGER refuse ON api_keys");
    assert_eq!(create(&manager, &token, "Billing worker").status, 200);
}

#[test]
fn permanent_errors_of_the_database_are_answered_with_500() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    if is_postgres() {
        for state in ["23502", "23514", "23P01"] {
            reject_inserts(&app, state);
            assert_eq!(create(&manager, &token, "Billing worker").status, 500, "{state}");
        }
        app.sql("DROP TRIGGER refuse ON api_keys");
    }
    app.sql("ALTER TABLE api_keys RENAME COLUMN notes TO elsewhere");
    assert_eq!(create(&manager, &token, "Billing worker").status, 500);
    app.sql("ALTER TABLE api_keys RENAME COLUMN elsewhere TO notes");
    assert_eq!(create(&manager, &token, "Billing worker").status, 200);
}

#[test]
fn a_table_that_another_session_locks_is_answered_with_503() {
    if !is_postgres() {
        return; // SQLite locks the whole file, which another test covers.
    }
    let app = App::set_up();
    let manager = app.super_manager();
    let mut other = app.database.connect();
    other.run("BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE");
    assert_unavailable(&manager.get("/api-keys"), "a locked table");
    other.run("ROLLBACK");
    assert_eq!(manager.get("/api-keys").status, 200);
}

/// Makes the database read-only for the program, or writable again, which is possible only with
/// PostgreSQL.
fn set_read_only(app: &App, is_read_only: bool) {
    let switch = if is_read_only { "on" } else { "off" };
    if !is_postgres() {
        return app.sql("PRAGMA query_only = on");
    }
    let name = app.texts("SELECT current_database()::text AS text").remove(0);
    let mut other = app.database.connect();
    other.run("SET default_transaction_read_only = off");
    other.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = {switch}"));
    other.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user",
    );
}

#[test]
fn a_read_only_database_serves_pages_and_answers_writes_with_503() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    assert_readiness(&app, READY);
    set_read_only(&app, true);
    assert_unavailable(&create(&manager, &token, "Billing worker"), "read-only");
    assert_eq!(manager.get("/api-keys").status, 200);
    wait_for_readiness(&app, UNREADY);
    if !is_postgres() {
        return;
    }
    set_read_only(&app, false);
    assert_eq!(create(&manager, &token, "Billing worker").status, 200);
    wait_for_readiness(&app, READY);
}

#[test]
fn a_full_disk_shows_in_readiness_until_a_write_succeeds() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    if is_postgres() {
        reject_inserts(&app, "53100");
        assert_unavailable(&create(&manager, &token, "Billing worker"), "a full disk");
    } else {
        // SQLite raises this to the current size of the database.
        app.sql("PRAGMA max_page_count = 1");
        let full = (0..200).find_map(|number| {
            let token = manager.get("/api-keys/new").form_token();
            let page = create(&manager, &token, &format!("Key {number}"));
            (page.status != 200).then_some(page)
        });
        assert_unavailable(&full.expect("the database becomes full"), "a full disk");
    }
    assert_readiness(&app, UNREADY);
    assert_eq!(manager.get("/api-keys").status, 200, "pages are still shown");
    let no_limit = "PRAGMA max_page_count = 1000000";
    app.sql(if is_postgres() { "DROP TRIGGER refuse ON api_keys" } else { no_limit });
    assert_eq!(create(&manager, &token, "Billing worker").status, 200);
    wait_for_readiness(&app, READY);
}

#[test]
fn a_busy_database_is_ready() {
    let app = App::set_up();
    let mut other = app.database.connect();
    other.run(lock_statement());
    assert_readiness(&app, READY);
    other.run("ROLLBACK");
}

#[test]
fn concurrent_readiness_requests_share_one_check() {
    if !is_postgres() {
        return; // On SQLite the check never waits.
    }
    let app = App::set_up();
    let mut other = app.database.connect();
    other.run("BEGIN; LOCK TABLE changes IN SHARE MODE");
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| assert_readiness(&app, UNREADY));
        }
    });
    // Each check waits for the lock for 0.8 seconds, and at most eight run at the same time.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    other.run("ROLLBACK");
    wait_for_readiness(&app, READY);
}
