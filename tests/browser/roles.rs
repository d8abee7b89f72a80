//! Roles, with and without JavaScript, and by keyboard.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

const SAVE: &str = "dialog .btn-primary";

fn create_edit_and_delete(app: &App, browser: &Browser) {
    browser.goto("/roles");
    browser.follow("#create");
    browser.fill("#name", "Billing");
    browser.click("[name='scopes'][value='invoices:read']");
    browser.click("[name='scopes'][value='invoices:write']");
    browser.follow(SAVE);
    assert_eq!(browser.address(), "/roles#role-billing");
    assert_eq!(browser.text("#notice"), "“Billing” created.");
    let mut draft = keys::draft("Billing worker");
    draft.role = "billing".into();
    keys::create(app, &draft);
    browser.follow("#role-billing .name a");
    assert_eq!(browser.texts(".chip"), ["invoices:read", "invoices:write"]);
    browser.follow(".actions [href$='/edit']");
    browser.click("[name='scopes'][value='invoices:write']");
    browser.follow(SAVE);
    assert_eq!(browser.texts("#losses li"), ["1 key loses invoices:write"]);
    assert_eq!(browser.text(SAVE), "Save and Remove Scopes");
    browser.follow(SAVE);
    assert_eq!(browser.text("#notice"), "“Billing” saved.");
    assert_eq!(browser.texts("#role-billing .chip"), ["invoices:read"]);
    browser.follow("#role-billing .num a");
    assert_eq!(browser.texts("tbody .name a"), ["Billing worker"]);
    browser.goto("/roles");
    browser.follow("#role-full-access .act");
    browser.fill("#name", "Everything today");
    browser.follow(SAVE);
    browser.follow("#role-everything-today .act-danger");
    browser.follow("dialog .btn-danger");
    assert_eq!(browser.text("#notice"), "“Everything today” deleted.");
}

#[test]
fn a_role_is_created_edited_and_deleted() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    create_edit_and_delete(&app, &browser);
}

#[test]
fn a_role_is_created_edited_and_deleted_without_javascript() {
    let app = App::set_up();
    let browser = Browser::without_javascript(&app);
    browser.expect_status(422);
    browser.sign_in_as_manager(&app);
    create_edit_and_delete(&app, &browser);
}

#[test]
fn the_scopes_that_keys_lose_get_the_focus() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/roles/new");
    browser.wait_for_focus("#name");
    browser.press("Billing");
    for scope in ["orders:read", "orders:write"] {
        let checkbox = format!("[value='{scope}']");
        browser.wait_until(scope, |b| {
            b.press_key(&Key::Tab);
            b.has_focus(&checkbox)
        });
        browser.press_key(&Key::Space);
    }
    browser.focus(SAVE);
    browser.navigate_by(Browser::press_enter);
    assert_eq!(browser.texts("#role-billing .chip"), ["orders:read", "orders:write"]);
    let mut draft = keys::draft("Billing worker");
    draft.role = "billing".into();
    keys::create(&app, &draft);
    browser.goto("/roles/billing/edit");
    browser.wait_for_focus("#name");
    browser.focus("[value='orders:write']");
    browser.press_key(&Key::Space);
    browser.navigate_by(Browser::press_enter);
    browser.wait_for_focus("#losses");
    browser.press_key(&Key::Tab);
    browser.wait_for_focus("#losses a");
    browser.navigate_by(|b| b.press_key(&Key::Escape));
    assert_eq!(browser.address(), "/roles#role-billing");
}
