//! The dialog Revoke.

use latchkey::base::clock::HOUR;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

const REVOKE: &str = "dialog .btn-danger";

#[test]
fn a_key_that_was_never_used_is_revoked_after_one_question() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    keys::create_named(&app, "Warehouse sync");
    let browser = Browser::signed_in(&app);
    browser.follow(&format!("#{id} .act-danger"));
    assert_eq!(browser.text("dialog h2"), "Revoke “Billing worker”?");
    let facts = browser.text("dialog .facts");
    assert!(facts.ends_with("Last used Never Last 24 hours No requests"), "{facts}");
    browser.wait_for_focus("dialog .dlg-foot .btn-secondary");
    browser.follow(REVOKE);
    assert_eq!(browser.address(), "/api-keys");
    assert_eq!(browser.text("#notice"), "“Billing worker” revoked.");
    assert_eq!(browser.texts("tbody .name a"), ["Warehouse sync"]);
    browser.follow(".tabs a:last-child");
    assert_eq!(browser.texts("tbody .name a"), ["Billing worker"]);
    assert_eq!(browser.text(".badge"), "Revoked");
    assert!(!browser.shows(".act"));
}

#[test]
fn a_key_in_use_is_revoked_by_typing_its_last_four_characters() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    keys::record_use(&app, &id, 2 * HOUR);
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto(&format!("/api-keys/{id}"));
    browser.follow("a.btn-danger-quiet");
    browser.wait_for_focus("#confirm");
    let facts = browser.text("dialog .facts");
    let used = "Last used 2 hours ago, from 203.0.113.7 Last 24 hours 1 request from 1 address";
    assert!(facts.ends_with(used), "{facts}");
    browser.follow(REVOKE);
    browser.wait_for_focus("#errors");
    let last_four = &id[id.len() - 4..];
    let error = format!("Type {last_four} to confirm that it is the right key");
    assert_eq!(browser.texts("#errors li"), [error.as_str()]);
    assert_eq!(browser.attribute("#confirm", "aria-invalid"), "true");
    browser.fill("#confirm", last_four);
    browser.follow(REVOKE);
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    assert_eq!(browser.text("#notice"), "“Billing worker” revoked.");
    assert_eq!(browser.text(".title-row .badge"), "Revoked");
}

#[test]
fn cancel_revokes_nothing() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}/revoke"));
    browser.follow("dialog .dlg-foot .btn-secondary");
    assert_eq!(browser.address(), format!("/api-keys#{id}"));
    assert_eq!(browser.texts("tbody .name a"), ["Billing worker"]);
}
