//! The field in the header that finds keys, requests and addresses.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::pages::check_page;
use crate::support::App;

#[test]
fn a_key_id_leads_to_its_key_from_any_page_with_and_without_javascript() {
    for open in [Browser::open, Browser::without_javascript] {
        let app = App::set_up();
        let id = keys::create_named(&app, "Billing worker");
        let browser = open(&app);
        browser.sign_in_as_manager(&app);
        browser.goto("/settings");
        browser.fill("#lookup", &id);
        browser.navigate_by(Browser::press_enter);
        assert_eq!(browser.address(), format!("/api-keys/{id}"));
    }
}

#[test]
fn a_pasted_secret_key_never_becomes_part_of_an_address() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.fill("#lookup", &format!("lk_prod_{}", "a".repeat(49)));
    browser.navigate_by(Browser::press_enter);
    assert_eq!(browser.address(), "/diagnosis/lookup");
    assert!(browser.shows("#answer"));
    check_page(&browser, "a secret key that was looked up");
}

#[test]
fn control_and_k_lead_to_the_field_on_wide_and_narrow_screens() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    for width in [1280, 390] {
        browser.resize(width);
        browser.goto("/usage");
        browser.press_with(&Key::Control, 'k');
        browser.wait_for_focus("#lookup");
        assert!(browser.shows("#lookup"), "{width} pixels");
    }
}
