//! After a restore: which keys to check, and what an export of the activity says about them.

use crate::support::App;

const PATH: &str = "/attention/restored";

/// Records that a backup of this moment was restored.
pub fn record_restore(app: &App) {
    let head = app.texts("SELECT CAST(number AS TEXT) AS text FROM activity_head");
    let number = head.first().map_or("0", String::as_str);
    let is_sqlite = !crate::support::is_postgres();
    let hash = if is_sqlite { "lower(hex(hash))" } else { "encode(hash, 'hex')" };
    let hash = app.texts(&format!("SELECT {hash} AS text FROM activity_head")).pop();
    app.sql(&format!(
        "INSERT INTO restores (id, restored_at, backup_made_at, newest_number, newest_hash) VALUES \
         ('rst_{}', 1795435300000, 1795435200000, {number}, '{}')",
        "A".repeat(20),
        hash.unwrap_or_default()
    ));
}

#[test]
fn the_keys_that_an_export_names_are_selected_and_can_be_revoked() {
    let app = App::set_up();
    let manager = app.super_manager();
    let ids: Vec<String> = ["Revoked since", "Disabled since", "Enabled again", "Untouched"]
        .map(|name| app.key(name))
        .to_vec();
    assert!(manager.get(PATH).body.contains("No restore to check"));
    assert!(!manager.get("/attention").body.contains("A backup was restored"));
    record_restore(&app);
    assert!(manager.get("/attention").body.contains("A backup was restored"));
    let page = manager.get(PATH);
    for id in &ids {
        assert!(page.has(&format!("#{id}")) && !page.has(&format!("#{id} input[checked]")), "{id}");
    }
    // What happens after the backup, as the database that is lost records it.
    let revoke = format!("/api-keys/{}/revoke", ids[0]);
    assert_eq!(manager.submit(&revoke, &[]).status, 303);
    for id in &ids[1..3] {
        let disable = format!("/api-keys/{id}/disable");
        assert_eq!(manager.submit(&disable, &[("reason", "Test")]).status, 303);
    }
    assert_eq!(manager.submit(&format!("/api-keys/{}/enable", ids[2]), &[]).status, 303);
    let exports = ["csv", "jsonl"]
        .map(|format| manager.get(&format!("/activity/export.{format}?period=all")).body);
    // The restored database does not know of it.
    app.sql(
        "UPDATE api_keys SET revoked_at = NULL, revoked_by = NULL, disabled_at = NULL, \
         disabled_by = NULL, disabled_reason = ''",
    );
    for export in &exports {
        let page = manager.submit(PATH, &[("document", export)]);
        assert_eq!(page.status, 200, "{}", page.body);
        let rows = page.all("tbody tr");
        assert_eq!(rows.len(), 2, "{rows:?}");
        for (id, what) in [(&ids[0], "Revoked"), (&ids[1], "Disabled")] {
            assert!(page.has(&format!("#{id} input[checked]")), "{id}");
            assert!(page.text(&format!("#{id}")).contains(what), "{id}");
        }
    }
    let dialog = format!("/api-keys/bulk/revoke?keys={}&keys={}&return={PATH}", ids[0], ids[1]);
    let revoked = manager.submit_from(
        &dialog,
        "/api-keys/bulk/revoke",
        &[("keys", &ids[0]), ("keys", &ids[1]), ("return", PATH)],
    );
    assert_eq!((revoked.status, revoked.location()), (303, PATH));
    let page = manager.submit(PATH, &[("document", &exports[0])]);
    assert!(page.body.contains("No key that the export names passes any more"), "{}", page.body);
    let page = manager.get(PATH);
    assert!(!page.has(&format!("#{}", ids[0])) && page.has(&format!("#{}", ids[3])));
    let done = manager.submit("/attention/restored/done", &[]);
    assert_eq!((done.status, done.location()), (303, "/attention"));
    assert!(
        !manager.get("/attention").body.contains("Keys that were revoked, disabled or rotated")
    );
    assert!(manager.get(PATH).body.contains("No restore to check"));
    let last = "SELECT event AS text FROM activity ORDER BY number DESC LIMIT 1";
    assert_eq!(app.texts(last), ["database.restore_checked"]);
    assert!(manager.get("/activity").body.contains("Compared the keys after a restore"));
}

#[test]
fn a_file_that_says_nothing_is_rejected_with_advice() {
    let app = App::set_up();
    let manager = app.super_manager();
    record_restore(&app);
    let page = manager.submit(PATH, &[("document", "name,color\r\na,red\r\n")]);
    assert_eq!(page.status, 422);
    assert!(page.error_of("upload").contains("not an export of the activity"), "{}", page.body);
    let export = manager.get("/activity/export.csv?period=all").body;
    let page = manager.submit(PATH, &[("document", &export)]);
    assert!(page.error_of("upload").contains("no entry that is later"), "{}", page.body);
}
