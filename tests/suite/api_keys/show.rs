//! The key page.

use latchkey::domain::members::Permission;

use crate::support::App;

#[test]
fn the_page_shows_the_details_of_the_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager
        .create_key(&[
            ("name", "Route planner"),
            ("environment", "staging"),
            ("role", "read-only"),
            ("notes", "Ask Ines.\nOr Noor."),
        ])
        .key_id();
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(page.status, 200);
    assert_eq!(page.text("title"), "Route planner – Meridian Freight – Latchkey");
    assert_eq!((page.text("h1").as_str(), page.key_id()), ("Route planner", id));
    let facts: Vec<(String, String)> =
        page.all(".kv dt").into_iter().zip(page.all(".kv dd")).collect();
    for (label, value) in [
        ("Role", "Read-only"),
        ("Environment", "Staging"),
        ("Created", "23 Nov 2026 by Ines Okafor"),
        ("Last used", "Never"),
        ("Expires", "21 Feb 2027, in 90 days"),
    ] {
        assert!(facts.contains(&(label.into(), value.into())), "{label} in {facts:?}");
    }
    assert!(!page.text(".kv").contains("Rotate by"), "it expires before its rotation is due");
    assert_eq!(page.all(".chip"), ["invoices:read", "orders:read", "reports:read"]);
    assert_eq!(page.text(".prose"), "Ask Ines. Or Noor.");
    assert_eq!(page.all(".log tbody tr td.what"), ["Created"]);
}

#[test]
fn the_page_shows_when_a_key_is_due_for_rotation_before_it_expires() {
    let app = App::set_up();
    let manager = app.super_manager();
    let fields = [("environment", "production"), ("lifetime", "180")];
    let id = manager.create_key(&fields).key_id();
    let page = manager.get(&format!("/api-keys/{id}"));
    assert!(page.text(".kv").contains("Rotate by21 Feb 2027, in 90 days"), "{}", page.text(".kv"));
}

#[test]
fn the_history_requires_permission_to_view_the_activity() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}");
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    assert!(!viewer.get(&path).has("#history-t"));
    let auditor = app.super_manager_with(&[Permission::ViewKeys, Permission::ViewActivity]);
    assert!(auditor.get(&path).has("#history-t"));
}

#[test]
fn removing_a_scope_from_a_role_removes_it_from_its_keys() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.write(|tx, context| {
        let scopes = ["orders:read", "invoices:read"].map(str::to_owned).into_iter().collect();
        let role = latchkey::domain::roles::Role::custom("role_x", "reader", "Reader", "", scopes);
        latchkey::domain::roles::add(tx, &role, context.now)
    });
    let all = manager.create_key(&[("name", "All"), ("role", "reader")]).key_id();
    let some = manager
        .create_key(&[
            ("name", "Some"),
            ("role", "reader"),
            ("access", "selected"),
            ("scopes", "invoices:read"),
        ])
        .key_id();
    let chips = |id: &str| manager.get(&format!("/api-keys/{id}")).all(".chip");
    assert_eq!(chips(&all), ["invoices:read", "orders:read"]);
    app.sql("DELETE FROM role_scopes WHERE scope = 'invoices:read'");
    assert_eq!(chips(&all), ["orders:read"]);
    assert!(chips(&some).is_empty(), "a key has no scope that its role lacks");
}
