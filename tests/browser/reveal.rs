//! The page that shows a secret key once.

use std::sync::mpsc;
use std::time::Duration;

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

const COPY: &str = "[data-copy='secret-key']";
const CREATE: &str = "dialog .btn-primary";
const ALREADY_SHOWN: &str = "This secret key has already been shown. If you did not save it, \
     rotate the key.";

/// Fills in the required fields of a key.
fn fill_in(browser: &Browser, name: &str) {
    browser.goto("/api-keys/new");
    browser.fill("#name", name);
    browser.click("#role option[value='read-and-write']");
}

/// Creates a key, and returns the secret key that the page shows.
fn reveal(browser: &Browser) -> String {
    fill_in(browser, "Billing worker");
    browser.follow(CREATE);
    let secret = browser.text("#secret-key");
    assert!(secret.starts_with("lk_prod_"), "{secret}");
    assert_eq!(secret.len(), 57);
    secret
}

/// Asserts that the secret key is neither visible nor anywhere else in the page.
#[track_caller]
fn assert_gone(browser: &Browser, secret: &str) {
    let holds = "return document.documentElement.outerHTML.includes(arguments[0]) || \
                 [...document.querySelectorAll('input, textarea')].some((e) => e.value.includes(arguments[0])) || \
                 document.body.innerText.includes(arguments[0])";
    assert_eq!(browser.script(holds, vec![json!(secret)]), false, "{}", browser.address());
    assert!(!browser.source().contains(secret));
}

#[test]
fn the_secret_is_copied_and_the_new_key_is_at_the_top() {
    let app = App::set_up();
    keys::create_named(&app, "Warehouse sync");
    app.advance(1000);
    let browser = Browser::signed_in(&app);
    browser.allow(&["clipboardSanitizedWrite"]);
    let secret = reveal(&browser);
    let id = browser.text("#key-id");
    browser.wait_for_focus("#secret-t");
    browser.click(COPY);
    browser.wait_until("Copied", |b| b.text(COPY) == "Copied");
    assert_eq!(browser.text("#live"), "Secret key copied");
    browser.wait_until("the button can be used again", |b| b.text(COPY) == "Copy Secret Key");
    browser.follow("[data-replace]");
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    assert_eq!(browser.text("#notice"), "“Billing worker” created.");
    assert!(browser.text("#first-use").starts_with("Waiting for the first request"));
    browser.goto("/api-keys");
    assert_eq!(browser.texts("tbody .name a"), ["Billing worker", "Warehouse sync"]);
    assert_gone(&browser, &secret);
    // Our pages may not read the clipboard, so the test pastes it.
    browser.focus("#q");
    browser.press_with(&Key::Control, 'v');
    assert_eq!(browser.value("#q"), secret);
}

#[test]
fn a_denied_clipboard_leaves_the_secret_selected() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.deny("clipboard-write");
    let secret = reveal(&browser);
    browser.click(COPY);
    assert_secret_is_selected(&browser, &secret);
}

#[test]
fn a_browser_without_a_clipboard_leaves_the_secret_selected() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser
        .run_on_every_page("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    let secret = reveal(&browser);
    browser.click(COPY);
    assert_secret_is_selected(&browser, &secret);
}

fn assert_secret_is_selected(browser: &Browser, secret: &str) {
    let message = "Selected. Press Ctrl+C or ⌘C to copy.";
    browser.wait_until("the message", |b| b.text(COPY) == message);
    assert_eq!(browser.text("#live"), message);
    assert_eq!(browser.script("return getSelection().toString()", vec![]), secret);
}

#[test]
fn a_click_on_the_secret_selects_all_of_it() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    let secret = reveal(&browser);
    browser.click("#secret-key");
    assert_eq!(browser.script("return getSelection().toString()", vec![]), secret);
}

#[test]
fn escape_does_not_lose_the_secret() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    let secret = reveal(&browser);
    for _ in 0..3 {
        browser.press_key(&Key::Escape);
    }
    assert_eq!(browser.text("#secret-key"), secret);
    assert_eq!(browser.text("dialog h2"), "Save your secret key");
}

#[test]
fn a_reload_says_that_the_secret_was_shown_and_creates_no_second_key() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    let secret = reveal(&browser);
    let id = browser.text("#key-id");
    browser.reload();
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    assert_eq!(browser.text("#notice"), ALREADY_SHOWN);
    assert_gone(&browser, &secret);
    assert_eq!(keys::count(&app), 1);
}

#[test]
fn back_and_forward_do_not_show_the_secret_again() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    let secret = reveal(&browser);
    let id = browser.text("#key-id");
    browser.follow("[data-replace]");
    browser.back();
    assert_eq!(browser.address(), "/api-keys/new");
    assert_gone(&browser, &secret);
    browser.forward();
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    assert_gone(&browser, &secret);
    assert_eq!(keys::count(&app), 1);
}

#[test]
fn back_from_another_page_does_not_show_the_secret_again() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    let secret = reveal(&browser);
    browser.goto("/api-keys?view=expired");
    // The browser offers to submit the form again, and does not show the page.
    browser.back();
    assert_gone(&browser, &secret);
    browser.reload();
    assert_gone(&browser, &secret);
    browser.goto("/api-keys");
    assert_eq!(browser.texts("tbody .name a"), ["Billing worker"]);
    assert_eq!(keys::count(&app), 1);
}

#[test]
fn no_page_is_kept_in_memory_for_back_and_forward() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Warehouse sync");
    let browser = Browser::signed_in(&app);
    browser
        .run_on_every_page("addEventListener('pageshow', (e) => { window.wasKept = e.persisted })");
    let was_cached = |browser: &Browser| browser.script("return window.wasKept", vec![]);
    // The browser requests an icon when it shows a file that names none.
    browser.expect_status(404);
    // Two cacheable files show that this browser does keep pages in memory.
    browser.goto(latchkey::web::assets::names::APP_CSS);
    browser.goto(latchkey::web::assets::names::APP_JS);
    browser.back();
    assert_eq!(was_cached(&browser), true);
    let paths =
        ["/api-keys", "/api-keys/new", &format!("/api-keys/{id}"), "/api-keys?view=revoked"];
    for path in paths {
        browser.goto(path);
    }
    for path in paths.iter().rev().skip(1) {
        browser.back();
        assert_eq!(browser.address(), *path);
        assert_eq!(was_cached(&browser), false, "{path}");
    }
    let secret = reveal(&browser);
    browser.goto("/api-keys");
    browser.back();
    assert_ne!(was_cached(&browser), true);
    assert_gone(&browser, &secret);
}

#[test]
fn the_same_form_in_a_second_tab_creates_no_second_key() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    fill_in(&browser, "Billing worker");
    let token = browser.value("dialog [name='form_token']");
    let tabs = browser.open_tab();
    fill_in(&browser, "Another worker");
    let set = "document.querySelector('dialog [name=form_token]').value = arguments[0]";
    browser.script(set, vec![json!(token)]);
    browser.switch_to_first(&tabs);
    browser.follow(CREATE);
    let secret = browser.text("#secret-key");
    let id = browser.text("#key-id");
    browser.switch_to_second(&tabs);
    browser.follow(CREATE);
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    assert_eq!(browser.text("#notice"), ALREADY_SHOWN);
    assert_gone(&browser, &secret);
    assert_eq!(keys::count(&app), 1);
}

#[test]
fn a_double_click_creates_one_key_and_shows_its_secret() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    fill_in(&browser, "Billing worker");
    browser.navigate_by(|b| b.double_click(CREATE));
    assert!(browser.text("#secret-key").starts_with("lk_prod_"));
    assert_eq!(keys::count(&app), 1);
}

#[test]
fn a_second_click_before_the_response_does_not_lose_the_secret() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    fill_in(&browser, "Billing worker");
    let (db, (begun, is_begun)) = (app.site.db.clone(), mpsc::channel());
    // The server waits for its database, so that the second click comes before the response.
    let slow = std::thread::spawn(move || {
        db.write_blocking(|_| {
            begun.send(()).expect("a receiver");
            std::thread::sleep(Duration::from_millis(500));
            Ok(())
        })
    });
    is_begun.recv().expect("a transaction");
    let clicks = "const button = document.querySelector(arguments[0]); \
                  button.click(); setTimeout(() => button.click(), 150)";
    browser.navigate_by(|b| {
        b.script(clicks, vec![json!(CREATE)]);
    });
    slow.join().expect("a thread").expect("a transaction");
    assert!(browser.text("#secret-key").starts_with("lk_prod_"));
    assert_eq!(keys::count(&app), 1);
}

#[test]
fn the_secret_is_not_printed() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    reveal(&browser);
    browser.emulate_media("print", "light");
    assert!(!browser.shows("#secret-key") && !browser.shows("dialog"));
    let content = "return getComputedStyle(document.body, '::before').content";
    assert_eq!(browser.script(content, vec![]), "\"Latchkey does not print secret keys.\"");
}
