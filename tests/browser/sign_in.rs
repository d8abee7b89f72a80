//! Setting up, and signing in and out.

use latchkey::base::clock::MINUTE;

use crate::browser::Browser;
use crate::keys;
use crate::pages::check_page;
use crate::support::{App, PASSWORD};

#[test]
fn the_set_up_link_leads_to_the_empty_table() {
    let app = App::new();
    let browser = Browser::open(&app);
    browser.goto(&format!("/set-up?code={}", app.set_up_code()));
    browser.wait_for_focus("#organisation");
    browser.fill("#organisation", "Meridian Freight");
    browser.fill("#resources", "orders\ninvoices\nreports");
    browser.fill("#name", "Ines Okafor");
    browser.fill("#email", "ines@meridianfreight.example");
    browser.fill("#password", PASSWORD);
    browser.follow("button.btn-primary");
    assert_eq!(browser.address(), "/api-keys");
    assert_eq!(browser.text(".empty h2"), "No API keys yet");
    assert_eq!(browser.text(".org"), "Meridian Freight");
    browser.follow("#create");
    assert_eq!(browser.text("dialog h2"), "Create New Key");
}

#[test]
fn a_wrong_password_shows_an_error_and_keeps_the_email_address() {
    let app = App::set_up();
    app.member("ines@meridianfreight.example", true, &latchkey::domain::members::Permission::ALL);
    let browser = Browser::open(&app);
    browser.expect_status(422);
    browser.goto("/api-keys?view=expired");
    assert!(browser.address().starts_with("/sign-in?next="));
    browser.wait_for_focus("#email");
    browser.fill("#email", "ines@meridianfreight.example");
    browser.fill("#password", "wrong horse battery staple");
    browser.follow("button.btn-primary");
    browser.wait_for_focus("#errors");
    assert!(browser.text("#errors").contains("Email address or password is wrong"));
    assert_eq!(browser.value("#email"), "ines@meridianfreight.example");
    assert_eq!(browser.value("#password"), "");
    browser.fill("#password", PASSWORD);
    browser.follow("button.btn-primary");
    assert_eq!(browser.address(), "/api-keys?view=expired");
}

#[test]
fn after_a_session_ended_signing_in_returns_to_the_page() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    let edit = format!("/api-keys/{id}/edit");
    browser.goto(&edit);
    browser.fill("#name", "Night worker");
    app.advance(31 * MINUTE);
    browser.expect_status(403);
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.text("#notice"), "Your session ended. Sign in to return to your changes.");
    check_page(&browser, "sign-in with input that is kept");
    browser.fill("#email", "ines@meridianfreight.example");
    browser.fill("#password", PASSWORD);
    browser.follow("button.btn-primary");
    assert_eq!(browser.address(), edit);
    assert_eq!(browser.value("#name"), "Night worker");
    browser.wait_for_focus("#restored");
    check_page(&browser, "a dialog with input that was kept");
    browser.follow("dialog .btn-primary");
    assert!(browser.text("main").contains("Night worker"));
}

#[test]
fn a_password_is_shown_on_request_and_sent_hidden() {
    let app = App::set_up();
    app.member("ines@meridianfreight.example", true, &latchkey::domain::members::Permission::ALL);
    let browser = Browser::open(&app);
    browser.goto("/sign-in");
    browser.fill("#password", PASSWORD);
    let types = |browser: &Browser| browser.attribute("#password", "type");
    assert_eq!(types(&browser), "password");
    browser.click("[data-show]");
    assert_eq!((types(&browser).as_str(), browser.text("[data-show]").as_str()), ("text", "Hide"));
    browser.click("[data-show]");
    assert_eq!(types(&browser), "password");
}
