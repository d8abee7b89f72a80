//! The dialog Edit Key.

use latchkey::base::clock::{DAY, HOUR};

use crate::browser::Browser;
use crate::keys;
use crate::pages::check_page;
use crate::support::App;

const SAVE: &str = "dialog .btn-primary";

#[test]
fn a_change_is_saved_and_confirmed() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.follow(&format!("#{id} .act"));
    browser.wait_for_focus("#name");
    assert_eq!(browser.value("#name"), "Billing worker");
    browser.fill("#name", "Billing worker – production");
    browser.click("#role option[value='read-only']");
    browser.fill("#ip_whitelist", "2001:db8::7");
    browser.follow(SAVE);
    assert_eq!(browser.address(), format!("/api-keys#{id}"));
    assert_eq!(browser.text("#notice"), "“Billing worker – production” saved.");
    assert_eq!(browser.text(&format!("#{id} [data-label='Role']")), "Read-only");
    // The next Tab starts at the row of the key.
    browser.press("\u{e004}");
    browser.wait_for_focus(&format!("#{id} input"));
}

#[test]
fn a_rejected_change_keeps_the_input() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto(&format!("/api-keys/{id}/edit"));
    browser.fill("#name", " ");
    browser.fill("#ip_whitelist", "10.0.0.300");
    browser.pick_date("#expires_on", "2026-11-01");
    browser.fill("#notes", "Ask Ines");
    browser.follow(SAVE);
    browser.wait_for_focus("#errors");
    assert_eq!(
        browser.texts("#errors li"),
        [
            "Enter a key name",
            "Expiry date must be in the future",
            "Line 1: “10.0.0.300” is not an IPv4 or IPv6 address",
        ]
    );
    assert_eq!(browser.value("#expires_on"), "2026-11-01");
    assert_eq!(browser.value("#notes"), "Ask Ines");
    browser.fill("#name", "Billing worker");
    browser.pick_date("#expires_on", "2026-12-01");
    browser.fill("#ip_whitelist", "");
    browser.follow(SAVE);
    assert_eq!(browser.text("#notice"), "“Billing worker” saved.");
}

#[test]
fn a_conflicting_change_shows_the_other_one() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.expect_status(409);
    let edit = format!("/api-keys/{id}/edit");
    browser.goto(&edit);
    browser.fill("#notes", "Ask Ines");
    let tabs = browser.open_tab();
    browser.goto(&edit);
    browser.fill("#name", "Billing worker – production");
    browser.click("#role option[value='read-only']");
    browser.follow(SAVE);
    browser.switch_to_first(&tabs);
    browser.follow(SAVE);
    browser.wait_for_focus("#errors");
    assert_eq!(browser.title(), "Error: Edit Key – Meridian Freight – Latchkey");
    let problem = browser.text("#errors");
    assert!(problem.contains("Someone else changed this key."), "{problem}");
    assert!(problem.contains("Ines Okafor changed:"), "{problem}");
    assert_eq!(browser.texts("#errors ins"), ["Billing worker – production", "Read-only"]);
    assert_eq!(browser.value("#notes"), "Ask Ines");
    browser.follow(SAVE);
    assert!(browser.text("#notice").ends_with(" saved."));
    browser.goto(&format!("/api-keys/{id}"));
    assert_eq!(browser.text(".prose"), "Ask Ines");
}

#[test]
fn the_date_of_an_expired_key_cannot_be_changed() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    app.advance(91 * DAY);
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}/edit"));
    assert!(browser.text("dialog .notice").starts_with("This key has expired."));
    assert_eq!(browser.text("#expires_on"), "Expired on 21 February 2027");
    assert!(!browser.shows("input[type='date']"));
    browser.fill("#notes", "Kept for the record");
    browser.follow(SAVE);
    assert_eq!(browser.text("#notice"), "“Billing worker” saved.");
}

#[test]
fn a_change_that_denies_live_traffic_is_saved_after_a_question() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    keys::record_use(&app, &id, HOUR);
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto(&format!("/api-keys/{id}/edit"));
    browser.fill("#ip_whitelist", "198.51.100.9");
    browser.fill("#notes", "Ask Ines");
    browser.follow(SAVE);
    browser.wait_for_focus("#impact");
    assert_eq!(browser.text("#impact h3"), "Saving this will deny live traffic");
    let lost = "1 of 1 request in the last 30 days came from an address that is not on the list: \
                203.0.113.7.";
    assert_eq!(browser.texts("#impact li"), [lost]);
    assert_eq!(browser.text(SAVE), "Save Anyway");
    check_page(&browser, "edit with a question");
    browser.follow("#impact button");
    assert!(!browser.shows("#impact"));
    assert_eq!(browser.value("#ip_whitelist"), "198.51.100.9\n203.0.113.7");
    assert_eq!(browser.value("#notes"), "Ask Ines");
    assert_eq!(browser.text(SAVE), "Save Changes");
    browser.follow(SAVE);
    assert_eq!(browser.text("#notice"), "“Billing worker” saved.");
    browser.goto(&format!("/api-keys/{id}/edit"));
    browser.fill("#ip_whitelist", "198.51.100.9");
    browser.follow(SAVE);
    browser.wait_for_focus("#impact");
    browser.follow(SAVE);
    assert_eq!(browser.text("#notice"), "“Billing worker” saved.");
    browser.goto(&format!("/api-keys/{id}"));
    assert_eq!(browser.texts(".iplist li code"), ["198.51.100.9"]);
}
