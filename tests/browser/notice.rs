//! The notice after an action: it is on the screen wherever the page has scrolled to, is read aloud,
//! and can be closed.

use latchkey::base::clock::HOUR;
use serde_json::json;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

const SAVE: &str = "dialog .btn-primary";
const SAVED: &str = "“Billing worker” saved.";

/// A program with a full page of keys, and the one in the last row.
fn full_table() -> (App, String) {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    for number in 2..=25 {
        app.advance(1000);
        keys::create_named(&app, &format!("Worker {number:02}"));
    }
    (app, id)
}

/// Saves an edit of a key, and waits until the page has scrolled to its row.
#[track_caller]
fn edit_last_row(browser: &Browser, id: &str, notes: &str) {
    browser.goto(&format!("/api-keys/{id}/edit"));
    browser.fill("#notes", notes);
    browser.follow(SAVE);
    assert_eq!(browser.address(), format!("/api-keys#{id}"));
    browser.wait_until("a scrolled page", |b| b.script("return scrollY > 0", vec![]) == true);
}

/// Whether the whole notice is within the viewport, and nothing covers it.
#[track_caller]
fn is_on_screen(browser: &Browser) -> bool {
    let script = "
        const notice = document.getElementById('notice');
        const { top, right, bottom, left } = notice.getBoundingClientRect();
        return top >= 0 && left >= 0 && right <= innerWidth && bottom <= innerHeight &&
          notice.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));";
    browser.script(script, vec![]) == true
}

/// Whether the notice is between the head of the page and what comes next.
#[track_caller]
fn is_under_title(browser: &Browser) -> bool {
    let script = "
        const notice = document.getElementById('notice');
        const box = (element) => element.getBoundingClientRect();
        return box(notice).top >= box(notice.previousElementSibling).bottom &&
          box(notice).bottom <= box(notice.nextElementSibling).top &&
          notice.previousElementSibling.matches('.page-head');";
    browser.script(script, vec![]) == true
}

#[test]
fn the_notice_is_on_the_screen_when_the_page_has_scrolled_to_a_row() {
    let (app, id) = full_table();
    let browser = Browser::signed_in(&app);
    for (width, height) in [(1280, 900), (390, 844)] {
        browser.resize_to(width, height);
        edit_last_row(&browser, &id, &format!("Saved at {width} pixels"));
        assert_eq!(browser.text("#notice"), SAVED);
        assert!(is_on_screen(&browser), "{width} x {height}");
        assert!(!is_under_title(&browser), "{width} x {height}");
        assert_eq!(browser.attribute("#notice .x", "aria-label"), "Close");
    }
}

#[test]
fn a_notice_on_the_screen_is_closed_with_and_without_javascript() {
    for open in [Browser::open, Browser::without_javascript] {
        let (app, id) = full_table();
        let browser = open(&app);
        browser.sign_in_as_manager(&app);
        edit_last_row(&browser, &id, "Ask Ines");
        assert!(is_on_screen(&browser));
        browser.click("#notice .x");
        browser.wait_until("a notice under the title", is_under_title);
        assert_eq!(browser.address(), "/api-keys#main");
        assert_eq!(browser.text("#notice"), SAVED);
        assert!(!browser.shows("#notice .x"));
    }
}

#[test]
fn a_notice_is_under_the_title_when_the_address_names_no_row() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    // The page of a key that was never used reloads itself.
    keys::record_use(&app, &id, HOUR);
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}/edit?return=/api-keys/{id}"));
    browser.fill("#notes", "Ask Ines");
    browser.follow(SAVE);
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    assert_eq!(browser.text("#notice"), SAVED);
    assert!(is_under_title(&browser) && is_on_screen(&browser));
    assert!(!browser.shows("#notice .x"));
}

#[test]
fn a_notice_is_read_aloud() {
    let (app, id) = full_table();
    let browser = Browser::signed_in(&app);
    edit_last_row(&browser, &id, "Ask Ines");
    let announced = "return [...document.querySelectorAll('body > .sr[role=status]')]
                       .map((live) => live.textContent)";
    browser.wait_until("an announcement", |b| b.script(announced, vec![]) == json!([SAVED]));
    browser.goto("/api-keys");
    assert!(!browser.shows("#notice"));
    assert_eq!(browser.script(announced, vec![]), json!([]));
}
