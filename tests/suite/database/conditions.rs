//! What the database cannot do now is answered with 503 and shown by `/readyz`, whatever the language of
//! its messages; what it will never do is a fault of the program.

use std::time::{Duration, Instant};

use crate::security::faults::lock;
use crate::support::{App, Client, Page, is_postgres, key_fields};

const UNREADY: (u16, &str) = (503, "the database cannot be written\n");
const READY: (u16, &str) = (200, "ok\n");

fn is_ready(app: &App, expected: (u16, &str)) {
    let page = app.anonymous().get("/readyz");
    assert_eq!((page.status, page.body.as_str()), expected);
}

/// Waits for an answer that differs from the one that is kept for a second.
fn becomes(app: &App, expected: (u16, &str)) {
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

fn is_unavailable(page: &Page, case: &str) {
    assert_eq!(page.status, 503, "{case}: {}", page.body);
    assert_eq!(page.text("h1"), "Latchkey cannot reach its database", "{case}");
    assert!(page.body.contains("Nothing was changed."), "{case}");
}

/// Has the database refuse to insert a key: PostgreSQL with each SQLSTATE, in words of no language.
fn refusing(app: &App, state: &str) {
    app.sql(&format!(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'xyzzy'; END $$; \
         CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON api_keys FOR EACH ROW \
         EXECUTE FUNCTION refuse()"
    ));
}

#[test]
fn what_postgresql_cannot_do_now_is_unavailable_in_any_language() {
    if !is_postgres() {
        return; // SQLite has no SQLSTATE.
    }
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    // Disk full, out of memory, too many connections, read-only, serialization, deadlock, lock not
    // available, cancelled, and ended by the administrator, as the server's documentation has them.
    for state in
        ["53100", "53200", "53300", "25006", "40001", "40P01", "55P03", "57014", "57P01", "58030"]
    {
        refusing(&app, state);
        is_unavailable(&create(&manager, &token, "Billing worker"), state);
    }
    app.sql("DROP TRIGGER refuse ON api_keys");
    assert_eq!(create(&manager, &token, "Billing worker").status, 200);
}

#[test]
fn what_the_database_will_never_do_is_a_fault() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    if is_postgres() {
        for state in ["23502", "23514", "23P01"] {
            refusing(&app, state);
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
fn a_table_that_another_session_locks_is_unavailable() {
    if !is_postgres() {
        return; // SQLite locks the file, as another test has it.
    }
    let app = App::set_up();
    let manager = app.super_manager();
    let mut other = app.database.connect();
    other.run("BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE");
    is_unavailable(&manager.get("/api-keys"), "a locked table");
    other.run("ROLLBACK");
    assert_eq!(manager.get("/api-keys").status, 200);
}

/// Makes the database read-only for the connections of the program that write, or takes that back,
/// which SQLite cannot do.
fn read_only(app: &App, is: bool) {
    let switch = if is { "on" } else { "off" };
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
fn a_database_that_is_read_only_is_read_and_not_written() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    is_ready(&app, READY);
    read_only(&app, true);
    is_unavailable(&create(&manager, &token, "Billing worker"), "read-only");
    assert_eq!(manager.get("/api-keys").status, 200);
    becomes(&app, UNREADY);
    if !is_postgres() {
        return;
    }
    read_only(&app, false);
    assert_eq!(create(&manager, &token, "Billing worker").status, 200);
    becomes(&app, READY);
}

#[test]
fn a_full_disk_shows_in_readiness_until_a_write_succeeds() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    if is_postgres() {
        refusing(&app, "53100");
        is_unavailable(&create(&manager, &token, "Billing worker"), "a full disk");
    } else {
        // SQLite takes the present size where that is more.
        app.sql("PRAGMA max_page_count = 1");
        let full = (0..200).find_map(|number| {
            let token = manager.get("/api-keys/new").form_token();
            let page = create(&manager, &token, &format!("Key {number}"));
            (page.status != 200).then_some(page)
        });
        is_unavailable(&full.expect("it was full in the end"), "a full disk");
    }
    is_ready(&app, UNREADY);
    assert_eq!(manager.get("/api-keys").status, 200, "what can be read is shown");
    let room = "PRAGMA max_page_count = 1000000";
    app.sql(if is_postgres() { "DROP TRIGGER refuse ON api_keys" } else { room });
    assert_eq!(create(&manager, &token, "Billing worker").status, 200);
    becomes(&app, READY);
}

#[test]
fn a_database_that_is_only_busy_is_ready() {
    let app = App::set_up();
    let mut other = app.database.connect();
    other.run(lock());
    is_ready(&app, READY);
    other.run("ROLLBACK");
}

#[test]
fn however_many_ask_for_readiness_there_is_one_look() {
    if !is_postgres() {
        return; // On SQLite no look waits for anything.
    }
    let app = App::set_up();
    let mut other = app.database.connect();
    other.run("BEGIN; LOCK TABLE changes IN SHARE MODE");
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| is_ready(&app, UNREADY));
        }
    });
    // Each look waits for the lock for 0.8 seconds, and eight could at a time.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    other.run("ROLLBACK");
    becomes(&app, READY);
}
