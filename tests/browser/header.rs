//! The header: menus, the theme and signing out.

use serde_json::Value;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

const DARK: &str = "rgb(13, 14, 16)";
const LIGHT: &str = "rgb(248, 248, 246)";

/// The background colour of the page, as `rgb(…)`.
fn background(browser: &Browser) -> String {
    let script = "return getComputedStyle(document.body).backgroundColor";
    match browser.script(script, vec![]) {
        Value::String(colour) => colour,
        other => panic!("{other}"),
    }
}

#[track_caller]
fn wait_for_background(browser: &Browser, colour: &str) {
    browser.wait_until(colour, |b| background(b) == colour);
}

fn choose_theme(browser: &Browser, name: &str) {
    browser.click(".avatar");
    browser.follow(&format!("#me button[value='{name}']"));
}

#[test]
fn the_theme_is_remembered_on_every_page() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    assert_eq!(background(&browser), LIGHT);
    browser.goto("/api-keys?view=expired");
    choose_theme(&browser, "dark");
    assert_eq!(browser.address(), "/api-keys?view=expired");
    wait_for_background(&browser, DARK);
    browser.reload();
    wait_for_background(&browser, DARK);
    assert_eq!(browser.attribute("#me button[value='dark']", "aria-pressed"), "true");
    browser.click(".avatar");
    browser.follow("#me .item");
    assert_eq!(browser.address(), "/sign-in");
    wait_for_background(&browser, DARK);
    browser.sign_in("ines@meridianfreight.example");
    choose_theme(&browser, "light");
    browser.emulate_media("", "dark");
    wait_for_background(&browser, LIGHT);
}

#[test]
fn the_theme_changes_before_the_server_answers() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.click(".avatar");
    // The form is not sent, so only the script can change the theme.
    let submit = "document.querySelector('form.theme').addEventListener('submit', (e) => e.preventDefault())";
    browser.script(submit, vec![]);
    browser.click("#me button[value='dark']");
    wait_for_background(&browser, DARK);
    assert_eq!(browser.attribute("#me button[value='dark']", "aria-pressed"), "true");
    assert_eq!(browser.attribute("#me button[value='system']", "aria-pressed"), "false");
}

#[test]
fn the_system_theme_follows_the_system() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    choose_theme(&browser, "dark");
    choose_theme(&browser, "system");
    wait_for_background(&browser, LIGHT);
    browser.emulate_media("", "dark");
    wait_for_background(&browser, DARK);
    browser.goto("/sign-in");
    wait_for_background(&browser, DARK);
}

#[test]
fn no_page_can_be_seen_after_signing_out() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}"));
    browser.goto("/api-keys");
    browser.click(".avatar");
    browser.follow("#me .item");
    assert_eq!(browser.address(), "/sign-in");
    for _ in 0..2 {
        browser.back();
        assert!(browser.address().starts_with("/sign-in?next="), "{}", browser.address());
        assert!(!browser.source().contains("Billing worker"));
    }
}

#[test]
fn the_account_menu_opens_and_closes() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    assert!(!browser.shows("#me"));
    browser.click(".avatar");
    assert!(browser.shows("#me"));
    assert!(browser.text("#me").contains("ines@meridianfreight.example"));
    browser.press_key(&Key::Escape);
    browser.wait_until("closed", |b| !b.shows("#me"));
    browser.wait_for_focus(".avatar");
}

#[test]
fn a_phone_has_its_navigation_in_a_menu() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.goto("/api-keys?view=revoked");
    assert!(browser.shows("#nav a") && !browser.shows(".menu-btn"));
    browser.resize(390);
    assert!(!browser.shows("#nav a"));
    browser.click(".menu-btn");
    assert!(browser.shows("#nav a"));
    browser.follow("#nav a");
    assert_eq!(browser.address(), "/api-keys");
    browser.click(".menu-btn");
    browser.press_key(&Key::Escape);
    browser.wait_until("closed", |b| !b.shows("#nav a"));
}
