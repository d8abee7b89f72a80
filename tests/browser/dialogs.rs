//! What every dialog does: it closes in several ways, and keeps the focus and the input.

use latchkey::domain::reviews::{self, ReviewId};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

#[test]
fn escape_cross_cancel_and_back_close_a_dialog() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    let row = format!("/api-keys#{id}");
    let (edit, revoke) = (format!("/api-keys/{id}/edit"), format!("/api-keys/{id}/revoke"));
    for (path, closed) in [("/api-keys/new", "/api-keys#create"), (&edit, &row), (&revoke, &row)] {
        let press_escape = |b: &Browser| b.press_key(&Key::Escape);
        let click_cross = |b: &Browser| b.click("dialog .x");
        let click_cancel = |b: &Browser| b.click("dialog .dlg-foot .btn-secondary");
        let ways: [&dyn Fn(&Browser); 3] = [&press_escape, &click_cross, &click_cancel];
        for way in ways {
            browser.goto(path);
            assert!(browser.shows("dialog"));
            browser.navigate_by(way);
            assert_eq!(browser.address(), closed);
            assert!(!browser.shows("dialog"));
            assert_eq!(browser.text("h1"), "API Keys");
        }
    }
    browser.goto("/api-keys?view=revoked");
    browser.goto("/api-keys/new");
    browser.back();
    assert_eq!(browser.address(), "/api-keys?view=revoked");
    assert!(!browser.shows("dialog"));
}

#[test]
fn a_dialog_of_the_key_page_closes_to_that_page() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}"));
    for opener in ["edit-key", "rotate-key", "disable-key", "revoke-key", "duplicate-key"] {
        browser.follow(&format!("#{opener}"));
        assert!(browser.shows("dialog"));
        browser.navigate_by(|b| b.press_key(&Key::Escape));
        assert_eq!(browser.address(), format!("/api-keys/{id}#{opener}"));
        browser.wait_for_focus(&format!("#{opener}"));
    }
}

#[test]
fn closing_a_dialog_returns_the_focus_to_the_control_that_opened_it() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.goto("/webhooks/new");
    browser.fill("#url", "http://127.0.0.1:1/");
    browser.follow("#new .btn-primary");
    browser.follow("#secret .dlg-foot a");
    let webhook = browser.address();
    app.key("Billing worker");
    let id = ReviewId::random().expect("random");
    let review = format!("/reviews/{}", id.as_str());
    app.write(|tx, context| reviews::start(tx, id.clone(), context));
    app.write(|tx, _| reviews::list_keys(tx, &id));
    for (page, controls) in [
        ("/roles", &["#create"][..]),
        ("/scopes", &["#create", "#import"]),
        ("/members", &["#invite"]),
        ("/webhooks", &["#create"]),
        (&webhook, &["#edit", "#delete", "#replace"]),
        (&review, &["#cancel"]),
    ] {
        for control in controls {
            let press_escape = |b: &Browser| b.press_key(&Key::Escape);
            let click_cancel = |b: &Browser| b.click("dialog .dlg-foot .btn-secondary");
            let ways: [&dyn Fn(&Browser); 2] = [&press_escape, &click_cancel];
            for way in ways {
                browser.goto(page);
                browser.follow(control);
                assert!(browser.shows("dialog"), "{control} on {page}");
                browser.navigate_by(way);
                browser.wait_for_focus(control);
            }
        }
    }
}

#[test]
fn forward_restores_the_input() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.follow("#create");
    browser.wait_for_focus("#name");
    browser.press("Billing worker");
    browser.click("[name='environment'][value='staging']");
    browser.focus("#notes");
    browser.press("Ask Ines");
    browser.back();
    browser.forward();
    assert_eq!(browser.value("#name"), "Billing worker");
    assert!(browser.is_selected("[name='environment'][value='staging']"));
    assert_eq!(browser.value("#notes"), "Ask Ines");
}

#[test]
fn tab_stays_inside_the_dialog() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    for path in ["/api-keys/new", &format!("/api-keys/{id}/revoke")] {
        browser.goto(path);
        let mut stops = Vec::new();
        for _ in 0..40 {
            browser.press_key(&Key::Tab);
            // Between the last and the first control, the focus may go to the browser itself.
            let inside = "return !!document.activeElement.closest('dialog') || \
                          document.activeElement === document.body";
            assert_eq!(browser.script(inside, vec![]), true, "{path}");
            stops.push(browser.has_focus("dialog .x"));
        }
        assert!(stops.iter().filter(|stop| **stop).count() >= 2, "the focus cycles: {path}");
    }
}

#[test]
fn the_page_under_a_dialog_cannot_be_clicked() {
    let app = App::set_up();
    keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto("/api-keys/new");
    let hit = "const { x, y } = document.querySelector('.brand').getBoundingClientRect(); \
               return !!document.elementFromPoint(x + 2, y + 2).closest('.app')";
    assert_eq!(browser.script(hit, vec![]), false);
    assert_eq!(
        browser.script("return document.querySelector('dialog').matches(':modal')", vec![]),
        true
    );
}
