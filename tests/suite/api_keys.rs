//! API keys: create, see once, edit, revoke.

use crate::support::App;

#[test]
fn a_created_key_is_shown_once_and_stands_on_top_of_the_table() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.create_key(&[("name", "Route planner – production")]);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.secret().starts_with("lk_prod_"));
    assert_eq!(page.header("cache-control"), "no-store");
    let table = manager.get("/api-keys");
    assert_eq!(table.text("#notice"), "“Route planner – production” created.");
    assert!(table.text("tbody tr").starts_with("Route planner – production"), "{}", table.body);
    assert!(!table.body.contains(&page.secret()));
}
