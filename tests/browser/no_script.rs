//! Everything except copying works in a browser without JavaScript.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

#[test]
fn a_key_is_created_edited_and_revoked_without_javascript() {
    let app = App::set_up();
    let used = keys::create_named(&app, "Warehouse sync");
    keys::record_use(&app, &used, 0);
    let browser = Browser::without_javascript(&app);
    browser.expect_status(422);
    browser.expect_status(409);
    browser.goto("/sign-in");
    assert!(!browser.shows("[data-show]"), "Show needs JavaScript");
    browser.sign_in_as_manager(&app);

    browser.follow("#create");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.texts("#errors li"), ["Enter a key name", "Choose a role"]);
    browser.fill("#name", "Billing worker");
    browser.click("#role option[value='read-only']");
    assert!(!browser.shows("#expires_on") && !browser.shows(".matrix"));
    browser.click("[name='lifetime'][value='date']");
    browser.click("[name='access'][value='selected']");
    assert!(browser.shows("#expires_on") && browser.shows(".matrix"));
    browser.click("[name='lifetime'][value='30']");
    browser.click("[value='orders:read']");
    browser.follow("dialog .btn-primary");
    let secret = browser.text("#secret-key");
    let id = browser.text("#key-id");
    assert!(secret.starts_with("lk_prod_"), "{secret}");
    assert!(!browser.shows("[data-copy]"), "copying needs JavaScript");
    browser.reload();
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    assert!(browser.text("#notice").starts_with("This secret key has already been shown."));
    assert!(!browser.source().contains(&secret));
    assert!(!browser.shows("[data-copy]"));

    browser.follow("a[href*='/edit']");
    browser.fill("#notes", "Ask Ines");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.text("#notice"), "“Billing worker” saved.");
    assert_eq!(browser.text(".prose"), "Ask Ines");

    browser.goto(&format!("/api-keys/{used}/revoke"));
    browser.follow("dialog .btn-danger");
    assert!(browser.text("#errors").contains("to confirm that it is the right key"));
    browser.fill("#confirm", &used[used.len() - 4..]);
    browser.follow("dialog .btn-danger");
    assert_eq!(browser.text("#notice"), "“Warehouse sync” revoked.");

    browser.fill("#q", "nothing");
    browser.follow(".filters button");
    assert_eq!(browser.text(".empty h2"), "No keys match “nothing”");
    browser.follow(".empty .btn");
    browser.follow(".col-name a");
    assert_eq!(browser.texts("tbody .name a"), ["Billing worker"]);

    browser.click(".avatar");
    browser.follow("#me button[value='dark']");
    assert_eq!(browser.attribute("html", "data-theme"), "dark");
    browser.click(".avatar");
    browser.follow("#me .item");
    assert_eq!(browser.address(), "/sign-in");
}

#[test]
fn the_page_under_a_dialog_cannot_be_reached_without_javascript() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    for path in ["/api-keys/new", &format!("/api-keys/{id}/revoke")] {
        browser.goto(path);
        let mut stops = 0;
        for _ in 0..30 {
            browser.press_key(&Key::Tab);
            assert!(browser.texts(".app :focus").is_empty(), "{path}");
            stops += browser.texts("dialog :focus").len();
        }
        assert!(stops > 3, "{path}");
        browser.follow("dialog .x");
        assert!(browser.address().starts_with("/api-keys"));
        assert!(!browser.shows("dialog"));
    }
}

#[test]
fn a_double_click_creates_one_key_without_javascript() {
    let app = App::set_up();
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    browser.goto("/api-keys/new");
    browser.fill("#name", "Billing worker");
    browser.click("#role option[value='read-only']");
    browser.navigate_by(|b| b.double_click("dialog .btn-primary"));
    assert_eq!(keys::count(&app), 1);
}
