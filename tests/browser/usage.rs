//! Usage in a real browser: the first request shows by itself, and the buttons beside the IP
//! whitelist lose nothing.

use latchkey::base::clock::DAY;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

#[test]
fn the_page_of_a_new_key_shows_its_first_request_by_itself() {
    let app = App::set_up();
    let id = keys::named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}"));
    assert!(browser.text("#first-use").starts_with("Waiting for the first request…"));
    keys::use_ago(&app, &id, 0);
    // The page loads itself anew, which takes an element away between finding and reading it.
    browser.wait_until("the first request", |browser| {
        browser.source().contains("The first request came")
    });
    assert!(browser.text("#first-use").contains("from 203.0.113.7"));
}

#[test]
fn without_script_a_link_looks_again() {
    let app = App::set_up();
    let id = keys::named(&app, "Billing worker");
    let browser = Browser::without_script(&app);
    browser.sign_in_as_manager(&app);
    browser.goto(&format!("/api-keys/{id}"));
    keys::use_ago(&app, &id, 0);
    browser.follow("#first-use a");
    assert!(browser.text("#first-use").contains("from 203.0.113.7"));
}

#[test]
fn the_list_is_filled_in_checked_and_saved_with_the_keyboard_and_without_script() {
    for open in [Browser::open, Browser::without_script] {
        let app = App::set_up();
        let id = keys::named(&app, "Billing worker");
        keys::use_ago(&app, &id, DAY);
        let browser = open(&app);
        browser.sign_in_as_manager(&app);
        browser.goto(&format!("/api-keys/{id}/edit"));
        browser.fill("#notes", "Ask Ines");
        browser.fill("#ip_whitelist", "198.51.100.9");
        browser.follow("[name='assist'][value='check']");
        assert_eq!(
            browser.text("#ip_whitelist-check"),
            "This list would have refused 1 of 1 request in the last 30 days, from 203.0.113.7."
        );
        browser.follow("[name='assist'][value='seen']");
        assert_eq!(browser.value("#ip_whitelist"), "198.51.100.9\n203.0.113.7");
        assert_eq!(browser.value("#notes"), "Ask Ines", "what was typed stays");
        browser.focus("#name");
        browser.leading_on(Browser::press_enter);
        assert_eq!(browser.text("#notice"), "“Billing worker” saved.", "Enter saves");
    }
}

#[test]
fn a_plot_can_be_read_as_a_table_with_the_keyboard() {
    let app = App::set_up();
    let id = keys::named(&app, "Billing worker");
    keys::use_ago(&app, &id, DAY);
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
