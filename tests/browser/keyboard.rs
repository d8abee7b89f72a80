//! The main flow with only Tab, Enter, Space and the arrow keys.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::{App, PASSWORD};

/// Whether the focus is visible: the focused control, or its label, is on screen and has an outline
/// of at least two pixels.
const FOCUS_IS_VISIBLE: &str = "
    const focused = document.activeElement;
    const ringed = [focused, focused.closest('label')].find((element) => {
      if (!element) return false;
      const style = getComputedStyle(element);
      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
    if (!ringed) return false;
    const box = ringed.getBoundingClientRect();
    return box.width > 4 && box.height > 4 && box.bottom > 0 && box.top < innerHeight;";

/// Presses Tab until an element has the focus. Asserts that the focus is visible at every stop.
#[track_caller]
fn tab_to(browser: &Browser, selector: &str) {
    for _ in 0..80 {
        browser.press_key(&Key::Tab);
        if browser.has_focus("body") {
            continue;
        }
        let is_visible = browser.script(FOCUS_IS_VISIBLE, vec![]);
        let focused_element = "return document.activeElement.outerHTML.slice(0, 200)";
        assert_eq!(
            is_visible,
            true,
            "the focus is not visible: {}",
            browser.script(focused_element, vec![])
        );
        if browser.has_focus(selector) {
            return;
        }
    }
    panic!("Tab never reaches {selector}");
}

#[track_caller]
fn enter(browser: &Browser) {
    browser.navigate_by(Browser::press_enter);
}

#[test]
fn a_key_is_created_copied_edited_disabled_enabled_and_revoked_by_keyboard() {
    let app = App::set_up();
    keys::create_named(&app, "Warehouse sync");
    app.advance(1000);
    app.member("ines@meridianfreight.example", true, &latchkey::domain::members::Permission::ALL);
    let browser = Browser::open(&app);
    browser.allow(&["clipboardSanitizedWrite"]);

    browser.goto("/sign-in");
    browser.wait_for_focus("#email");
    browser.press("ines@meridianfreight.example");
    tab_to(&browser, "#password");
    browser.press(PASSWORD);
    enter(&browser);

    browser.press_key(&Key::Tab);
    browser.wait_for_focus(".skip");
    assert_eq!(browser.script(FOCUS_IS_VISIBLE, vec![]), true);
    browser.press_enter();
    browser.wait_for_focus("#main");
    tab_to(&browser, "#create");
    enter(&browser);

    browser.wait_for_focus("#name");
    browser.press("Billing worker");
    tab_to(&browser, "[name='environment']");
    browser.press_key(&Key::Right);
    assert!(browser.is_selected("[name='environment'][value='staging']"));
    tab_to(&browser, "#role");
    browser.press("Read-o");
    assert_eq!(browser.value("#role"), "read-only");
    tab_to(&browser, "[name='lifetime']");
    browser.press_key(&Key::Left);
    assert!(browser.is_selected("[name='lifetime'][value='30']"));
    tab_to(&browser, "[name='access']");
    browser.press_key(&Key::Down);
    tab_to(&browser, "[value='orders:read']");
    browser.press_key(&Key::Space);
    tab_to(&browser, "#notes");
    tab_to(&browser, "dialog .btn-primary");
    enter(&browser);

    browser.wait_for_focus("#secret-t");
    let secret = browser.text("#secret-key");
    assert!(secret.starts_with("lk_stag_"), "{secret}");
    tab_to(&browser, "[data-copy='secret-key']");
    browser.press_enter();
    browser.wait_until("Copied", |b| b.text("[data-copy='secret-key']") == "Copied");
    let id = browser.text("#key-id");
    tab_to(&browser, "[data-replace]");
    enter(&browser);
    assert!(browser.text("#first-use").starts_with("Waiting for the first request"));
    tab_to(&browser, ".crumb");
    enter(&browser);
    assert_eq!(browser.texts("tbody .name a"), ["Billing worker", "Warehouse sync"]);

    tab_to(&browser, &format!("#{id} .act:not(.act-danger)"));
    enter(&browser);
    browser.wait_for_focus("#name");
    browser.press_key(&Key::End);
    browser.press(" – staging");
    enter(&browser);
    assert_eq!(browser.text("#notice"), "“Billing worker – staging” saved.");

    tab_to(&browser, &format!("#{id} .act[href$='/disable']"));
    enter(&browser);
    browser.wait_for_focus("#reason");
    browser.press("The partner was told");
    tab_to(&browser, "[name='until']");
    browser.press_key(&Key::Right);
    assert!(browser.is_selected("[name='until'][value='1h']"));
    tab_to(&browser, "[name='then']");
    tab_to(&browser, "dialog .btn-primary");
    enter(&browser);
    assert_eq!(browser.text("#notice"), "“Billing worker – staging” disabled.");
    tab_to(&browser, &format!("#{id} .act[href$='/enable']"));
    enter(&browser);
    browser.wait_for_focus("dialog .btn-primary");
    enter(&browser);
    assert_eq!(browser.text("#notice"), "“Billing worker – staging” enabled.");

    tab_to(&browser, &format!("#{id} .act-danger"));
    enter(&browser);
    browser.wait_for_focus("dialog .dlg-foot .btn-secondary");
    browser.press_key(&Key::Tab);
    browser.wait_for_focus("dialog .btn-danger");
    browser.navigate_by(|b| b.press_key(&Key::Space));
    assert_eq!(browser.text("#notice"), "“Billing worker – staging” revoked.");
}

#[test]
fn menus_and_themes_are_used_by_keyboard() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    tab_to(&browser, ".avatar");
    browser.press_enter();
    tab_to(&browser, "#me button[value='dark']");
    browser.navigate_by(|b| b.press_key(&Key::Space));
    assert_eq!(browser.attribute("html", "data-theme"), "dark");
    tab_to(&browser, ".avatar");
    browser.press_key(&Key::Space);
    tab_to(&browser, "#me .item");
    enter(&browser);
    assert_eq!(browser.address(), "/sign-in");
}
