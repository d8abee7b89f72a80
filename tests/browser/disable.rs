//! Disabling and enabling keys: checked for accessibility like every other page, and used without
//! JavaScript.

use latchkey::base::clock::HOUR;

use crate::browser::Browser;
use crate::keys;
use crate::pages::check_page;
use crate::support::App;

#[test]
fn disabling_and_enabling_a_key_is_accessible() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker – production");
    keys::record_use(&app, &id, HOUR);
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto(&format!("/api-keys/{id}"));
    browser.follow("a[href*='/disable']");
    browser.wait_for_focus("#reason");
    assert!(browser.shows("#confirm"));
    check_page(&browser, "disable");
    browser.click("[name='until'][value='date']");
    assert!(browser.shows("#until_at"));
    browser.follow("dialog .btn-primary");
    for field in ["confirm", "reason", "until_at"] {
        assert!(browser.shows(&format!("#{field}-error")), "{field}");
    }
    check_page(&browser, "disable with errors");
    browser.fill("#confirm", &id[id.len() - 4..]);
    browser.fill("#reason", "The partner was told");
    browser.click("[name='until'][value='7d']");
    browser.click("[name='then'][value='revoke']");
    browser.follow("dialog .btn-primary");
    assert!(browser.text("#disabled").contains("It will be revoked on"));
    check_page(&browser, "a disabled key");
    for (path, page) in [
        ("/api-keys?view=disabled".to_owned(), "disabled keys"),
        (format!("/api-keys/{id}/rotate"), "rotate a disabled key"),
        (format!("/api-keys/{id}/enable?return=/api-keys/{id}"), "enable"),
    ] {
        browser.goto(&path);
        check_page(&browser, page);
    }
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.text("#notice"), "“Billing worker – production” enabled.");
    assert!(!browser.shows("#disabled"));
}

#[test]
fn keys_are_disabled_and_enabled_without_javascript() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let other = keys::create_named(&app, "Warehouse sync");
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    browser.follow(&format!("#{id} .act[href$='/disable']"));
    assert!(!browser.shows("#until_at"));
    browser.click("[name='until'][value='date']");
    assert!(browser.shows("#until_at"));
    browser.click("[name='until'][value='1h']");
    browser.fill("#reason", "The partner was told");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.text("#notice"), "“Billing worker” disabled.");
    assert_eq!(browser.text(&format!("#{id} .badge")), "Disabled");
    browser.follow(&format!("#{id} .act[href$='/enable']"));
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.text("#notice"), "“Billing worker” enabled.");
    for key in [&id, &other] {
        browser.click(&format!("#{key} [name='keys']"));
    }
    browser.follow(".with-selected button");
    assert_eq!(browser.text("dialog h2"), "Disable 2 keys?");
    browser.fill("#reason", "Not used any more");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.address(), "/api-keys");
    assert_eq!(browser.text("#notice"), "2 keys disabled.");
    assert_eq!(browser.texts("tbody .badge"), ["Disabled", "Disabled"]);
}
