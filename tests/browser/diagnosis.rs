//! The diagnosis page, which explains a pasted secret key and an id, with and without JavaScript.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

/// The secret key of a new key.
fn secret(app: &App) -> String {
    let page = app.super_manager().create_key(&[("role", "read-only")]);
    assert_eq!(page.status, 200, "{}", page.body);
    page.secret()
}

fn paste_and_ask_by_id(app: &App, browser: &Browser) {
    let (secret, other) = (secret(app), keys::create_named(app, "Route planner"));
    browser.goto("/api-keys");
    browser.follow(".actions [href='/diagnosis']");
    browser.wait_for_focus("#question");
    browser.press(&secret);
    browser.navigate_by(Browser::press_enter);
    assert_eq!(browser.text("#answer h2"), "This secret key works");
    assert_eq!(browser.value("#question"), "");
    assert_eq!(browser.address(), "/diagnosis");
    assert!(!browser.source().contains(&secret[8..20]));
    assert!(browser.title().starts_with("This secret key works – Why was this denied?"));
    browser.fill("#question", &secret[..secret.len() - 4]);
    browser.follow(".ask .btn");
    assert_eq!(browser.text("#answer h2"), "The secret key is cut off");
    assert_eq!(browser.value("#question"), "");
    browser.fill("#question", &other);
    browser.follow(".ask .btn");
    assert_eq!(browser.address(), format!("/diagnosis?q={other}"));
    assert_eq!(browser.value("#question"), other);
    assert_eq!(browser.text("#answer h2"), "This key is active");
}

#[test]
fn a_pasted_secret_key_and_an_id_are_explained() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    paste_and_ask_by_id(&app, &browser);
}

#[test]
fn a_pasted_secret_key_and_an_id_are_explained_without_javascript() {
    let app = App::set_up();
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    paste_and_ask_by_id(&app, &browser);
}

#[test]
fn the_answer_gets_the_focus() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Route planner");
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/diagnosis?q={id}"));
    browser.wait_for_focus("#answer-t");
    browser.press_key(&Key::Tab);
    assert!(browser.has_focus("#answer a"));
}
