//! Setting up an authenticator app, signing in with it, and confirming who submits a form.

use latchkey::base::clock::{MINUTE, SECOND};
use latchkey::domain::members::Permission;

use crate::browser::Browser;
use crate::pages::check_page;
use crate::support::{App, PASSWORD};

const EMAIL: &str = "ines@meridianfreight.example";

/// A program with a member, and a browser in which they have signed in.
fn signed_in() -> (App, Browser) {
    let app = App::set_up();
    app.member(EMAIL, true, &Permission::ALL);
    let browser = Browser::open(&app);
    enter_password(&browser);
    (app, browser)
}

fn enter_password(browser: &Browser) {
    browser.goto("/sign-in");
    browser.fill("#email", EMAIL);
    browser.fill("#password", PASSWORD);
    browser.follow("button.btn-primary");
}

fn fill_in_key(browser: &Browser) {
    browser.fill("#name", "Night worker");
    browser.click("[name='environment'][value='staging']");
    browser.click("#role option[value='read-only']");
}

fn code(app: &App, secret: &str) -> String {
    app.code_of(&crate::support::AuthenticatorApp::with_secret(secret))
}

#[test]
fn an_app_is_set_up_and_its_codes_sign_in() {
    let (app, browser) = signed_in();
    browser.goto("/account");
    browser.follow("a[href='/account/two-step']");
    check_page(&browser, "two-step verification, not set up");
    browser.follow("#set-up");
    browser.wait_for_focus("#code");
    check_page(&browser, "setting up an app");
    browser.emulate_media("", "dark");
    let colours = "return ['rect', 'path'].map((part) =>
        getComputedStyle(document.querySelector(`.qr ${part}`)).fill)";
    let colours = browser.script(colours, vec![]);
    assert_eq!(colours, serde_json::json!(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]));
    browser.emulate_media("", "light");
    let secret = browser.text("#app-secret");
    browser.expect_status(422);
    browser.fill("#code", "000000");
    browser.follow("#set-up-app .btn-primary");
    browser.wait_for_focus("#errors");
    check_page(&browser, "setting up an app, with a wrong code");
    browser.fill("#code", &code(&app, &secret));
    browser.follow("#set-up-app .btn-primary");
    browser.wait_for_focus("#recovery-codes-t");
    check_page(&browser, "recovery codes");
    let codes = browser.text("#codes-list");
    assert_eq!(codes.split_whitespace().count(), 10, "{codes}");
    browser.follow("#recovery-codes .dlg-foot a");
    assert_eq!(browser.address(), "/account/two-step");
    check_page(&browser, "two-step verification, set up");
    for (link, page) in [("#remove", "removing the app"), ("#codes", "new recovery codes")] {
        browser.follow(link);
        check_page(&browser, page);
        browser.follow("dialog .btn-secondary");
        assert_eq!(browser.address(), format!("/account/two-step{link}"));
    }
    browser.goto("/account");
    check_page(&browser, "the account with two-step verification");
    browser.click(".avatar");
    browser.follow("form[action='/sign-out'] button");

    enter_password(&browser);
    assert_eq!(browser.address(), "/sign-in/code");
    browser.wait_for_focus("#code");
    check_page(&browser, "the code of the second step");
    browser.fill("#code", "000000");
    browser.follow("button.btn-primary");
    browser.wait_for_focus("#errors");
    check_page(&browser, "the code of the second step, wrong");
    app.advance(30 * SECOND);
    browser.fill("#code", &code(&app, &secret));
    browser.follow("button.btn-primary");
    assert_eq!(browser.address(), "/api-keys");
}

#[test]
fn a_form_asks_who_submits_it_and_loses_nothing() {
    let (app, browser) = signed_in();
    app.advance(10 * MINUTE);
    browser.goto("/api-keys/new");
    fill_in_key(&browser);
    check_page(&browser, "a form that asks who submits it");
    browser.expect_status(422);
    browser.fill("#confirm_password", "not the password");
    browser.follow("#new .btn-primary");
    browser.wait_for_focus("#errors");
    assert_eq!(browser.value("#name"), "Night worker");
    check_page(&browser, "a form with a wrong password");
    browser.click("#errors a");
    browser.wait_for_focus("#confirm_password");
    browser.fill("#confirm_password", PASSWORD);
    browser.follow("#new .btn-primary");
    browser.wait_for_focus("#secret-t");
    browser.goto("/settings");
    assert!(!browser.shows("#confirm-identity"), "it counts for ten minutes");
    check_page(&browser, "the settings");
    app.advance(10 * MINUTE);
    browser.goto("/settings");
    assert!(browser.shows("#confirm-identity") && browser.shows("#mail-confirm-identity"));
    check_page(&browser, "settings that ask who submits them");
}

#[test]
fn everything_works_without_script() {
    let app = App::set_up();
    app.member(EMAIL, true, &Permission::ALL);
    let browser = Browser::without_javascript(&app);
    enter_password(&browser);
    browser.goto("/account/two-step/app");
    let secret = browser.text("#app-secret");
    browser.fill("#code", &code(&app, &secret));
    browser.follow("#set-up-app .btn-primary");
    assert!(browser.shows("#codes-list"));
    app.advance(10 * MINUTE);
    browser.goto("/api-keys/new");
    fill_in_key(&browser);
    browser.fill("#confirm_password", PASSWORD);
    browser.fill("#confirm_code", &code(&app, &secret));
    browser.follow("#new .btn-primary");
    assert!(browser.shows("#secret-key"));
}
