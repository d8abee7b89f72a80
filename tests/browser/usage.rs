//! Usage: the first request of a key appears without a reload, and the buttons next to the IP
//! whitelist keep the input.

use latchkey::base::clock::DAY;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

#[test]
fn the_page_of_a_new_key_shows_its_first_request_automatically() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}"));
    assert!(browser.text("#first-use").starts_with("Waiting for the first request…"));
    keys::record_use(&app, &id, 0);
    // The page reloads itself, which can remove an element between finding and reading it.
    browser.wait_until("the first request", |browser| {
        browser.source().contains("The first request came")
    });
    assert!(browser.text("#first-use").contains("from 203.0.113.7"));
}

#[test]
fn without_javascript_a_link_checks_for_the_first_request() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    browser.goto(&format!("/api-keys/{id}"));
    keys::record_use(&app, &id, 0);
    browser.follow("#first-use a");
    assert!(browser.text("#first-use").contains("from 203.0.113.7"));
}

#[test]
fn the_whitelist_is_filled_in_checked_and_saved_with_and_without_javascript() {
    for open in [Browser::open, Browser::without_javascript] {
        let app = App::set_up();
        let id = keys::create_named(&app, "Billing worker");
        keys::record_use(&app, &id, DAY);
        let browser = open(&app);
        browser.sign_in_as_manager(&app);
        browser.goto(&format!("/api-keys/{id}/edit"));
        browser.fill("#notes", "Ask Ines");
        browser.fill("#ip_whitelist", "198.51.100.9");
        browser.follow("[name='assist'][value='check']");
        assert_eq!(
            browser.text("#ip_whitelist-check"),
            "This list would have denied 1 of 1 request in the last 30 days, from 203.0.113.7."
        );
        browser.follow("[name='assist'][value='seen']");
        assert_eq!(browser.value("#ip_whitelist"), "198.51.100.9\n203.0.113.7");
        assert_eq!(browser.value("#notes"), "Ask Ines", "what was typed stays");
        browser.focus("#name");
        browser.navigate_by(Browser::press_enter);
        assert_eq!(browser.text("#notice"), "“Billing worker” saved.", "Enter saves");
    }
}

#[test]
fn a_chart_can_be_read_as_a_table_by_keyboard() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    keys::record_use(&app, &id, DAY);
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}"));
    assert!(!browser.shows(".datatable table"));
    browser.focus(".datatable summary");
    browser.press_enter();
    browser.wait_until("the table", |browser| browser.shows(".datatable table"));
    let rows = browser.texts(".datatable tbody tr");
    assert_eq!(rows.len(), 30);
    assert!(rows.contains(&"22 Nov 1 0".to_owned()), "{rows:?}");
}
