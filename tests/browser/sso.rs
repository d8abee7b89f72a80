//! Signing in, linking an account and confirming at a certified provider of single sign-on.

use latchkey::domain::members::Permission;

use crate::browser::Browser;
use crate::pages::check_page;
use crate::support::App;
use crate::support::certified::{Certified, app_now, turn_on};

const EMAIL: &str = "ines@meridianfreight.example";

fn open(app: &App, provider: &Certified) -> Browser {
    let browser = Browser::open(app);
    browser.allow_origin(&provider.issuer);
    // The provider's pages ask for a font.
    browser.allow_origin("https://fonts.googleapis.com");
    browser
}

/// Signs in on the provider's pages, until they lead back to `path`.
fn pass(browser: &Browser, path: &str) {
    browser.wait_until("a page of the provider or ours", |b| {
        // The page that leads to the provider may have the same address.
        if b.address() == path && !b.shows("#provider") {
            return true;
        }
        if b.shows("input[name=login]") {
            b.fill("input[name=login]", "ines");
            b.fill("input[name=password]", "x");
            b.follow("button[type=submit]");
        } else if b.address().contains("/interaction/") && b.shows("button[type=submit]") {
            b.follow("button[type=submit]");
        }
        false
    });
}

#[test]
fn a_member_links_an_account_signs_in_with_it_and_confirms_there() {
    let app = app_now();
    let provider = Certified::start(&app, "ES256");
    turn_on(&app, &provider);
    let member = app.member(EMAIL, true, &Permission::ALL);
    let browser = open(&app, &provider);
    browser.sign_in(EMAIL);
    browser.goto("/account/sso");
    check_page(&browser, "linking an account");
    browser.click("form[action='/account/sso'] button");
    pass(&browser, "/account/sso");
    assert!(browser.text("#notice").contains("was linked"));
    check_page(&browser, "a linked account");
    browser.goto("/settings/sso");
    check_page(&browser, "settings of single sign-on");
    browser.click(".avatar");
    browser.click("form[action='/sign-out'] button");
    browser.wait_until("the sign-in page", |b| b.address() == "/sign-in");
    check_page(&browser, "signing in with a provider");
    browser.click("#sso");
    pass(&browser, "/api-keys");

    // Without a password, the member confirms at the provider, and what they typed is kept.
    let id = member.id.as_str();
    app.sql(&format!("UPDATE members SET password_hash = NULL WHERE id = '{id}'"));
    app.sql("UPDATE sessions SET confirmed_at = 1");
    browser.goto("/api-keys/new");
    check_page(&browser, "a dialog that asks to confirm at the provider");
    browser.fill("#name", "Night worker");
    browser.click("[name='environment'][value='staging']");
    browser.click("#role option[value='read-only']");
    browser.click("[name=confirm_at_provider]");
    pass(&browser, "/api-keys/new");
    browser.wait_until("the kept form", |b| b.shows("#restored"));
    assert_eq!(browser.value("#name"), "Night worker");
    assert!(!browser.shows("#confirm-identity"));
    check_page(&browser, "a dialog after confirming at the provider");
    browser.follow("#new .btn-primary");
    assert!(browser.shows("#secret-key"));
}

#[test]
fn it_works_without_script() {
    let app = app_now();
    let provider = Certified::start(&app, "RS256");
    turn_on(&app, &provider);
    let browser = Browser::without_javascript(&app);
    browser.allow_origin(&provider.issuer);
    browser.allow_origin("https://fonts.googleapis.com");
    browser.goto("/sign-in");
    browser.click("#sso");
    pass(&browser, "/account");
}
