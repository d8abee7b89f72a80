//! Every page can be read while the database cannot be written.

use latchkey::base::clock::MINUTE;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, is_postgres};

/// These statements take the lock that writes wait for, as another process would.
const SQLITE_LOCK: &str = "BEGIN IMMEDIATE";
const POSTGRES_LOCK: &str = "SELECT pg_advisory_lock(444354161)";

/// Every page without a parameter, and the pages of a key, a role and a member.
fn pages(app: &App, manager: &Client) -> Vec<String> {
    let key = app.key("Billing worker");
    let member = app.member("noor@meridianfreight.example", false, &[]);
    let role = app.texts("SELECT slug AS text FROM roles WHERE slug = 'read-only'")[0].clone();
    let ids = [("{key_id}", key.as_str()), ("{member_id}", member.id.as_str()), ("{slug}", &role)];
    let routes = latchkey::server::routes();
    let listed = routes.all().iter().filter(|listed| listed.method == "GET");
    let paths = listed.map(|listed| {
        ids.iter().fold(listed.path.to_owned(), |path, (name, id)| path.replace(name, id))
    });
    paths.filter(|path| !path.contains('{') && manager.get(path).status == 200).collect()
}

#[test]
fn every_page_is_shown_while_another_process_holds_the_write_lock() {
    let app = App::set_up();
    let manager = app.super_manager();
    let pages = pages(&app, &manager);
    assert!(pages.len() > 30, "{pages:?}");
    // Counting a denied request must not delay its response either.
    let other = app.super_manager_with(&[Permission::ViewKeys]);
    let notice = [("organisation", "Meridian Freight"), ("default_lifetime_days", "30")];
    let _ = manager.submit("/settings", &notice);
    let mut holder = app.database.connect();
    holder.run(if is_postgres() { POSTGRES_LOCK } else { SQLITE_LOCK });
    // After two minutes each request would update the time of last use in its session.
    app.advance(2 * MINUTE);
    for path in &pages {
        let page = manager.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
    }
    assert_eq!(other.get("/members").status, 403);
    assert_eq!(app.anonymous().get("/sign-in").status, 200);
    let role = [("name", "Auditor"), ("scopes", "orders:read")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 503);
    drop(holder);
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
}

#[test]
fn a_pending_notice_does_not_keep_pages_from_being_shown_on_a_full_disk() {
    let app = App::set_up();
    let manager = app.super_manager();
    let role = [("name", "Auditor"), ("scopes", "orders:read")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    let full = "could not extend file: No space left on device";
    app.sql(&if is_postgres() {
        format!(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{full}' USING ERRCODE = 'disk_full'; END $$; \
             CREATE TRIGGER full_disk BEFORE UPDATE ON sessions \
             FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
    } else {
        "CREATE TRIGGER full_disk BEFORE UPDATE ON sessions \
         BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            .into()
    });
    for path in ["/roles", "/api-keys", "/api-keys/new", "/settings"] {
        app.advance(2 * MINUTE);
        assert_eq!(manager.get(path).status, 200, "{path}");
    }
}
