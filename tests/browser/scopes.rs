//! Scopes, with and without JavaScript, and an import from a file.

use std::io::Write as _;

use crate::browser::Browser;
use crate::support::App;

const SAVE: &str = "dialog .btn-primary";

/// A document as tools write it: without OAuth2 scopes, but with tags.
const DOCUMENT: &str = "openapi: 3.1.0
info: { title: Pets, version: '1' }
tags: [{ name: Pets, description: Everything about your pets }]
paths:
  /v1/pets:
    get: { tags: [Pets], responses: { 200: { description: ok } } }
    post: { tags: [Pets] }
";

fn add_describe_import_and_remove(browser: &Browser) {
    browser.goto("/scopes");
    browser.follow("#create");
    browser.fill("#resource", "shipments");
    browser.fill("#operation", "track");
    browser.follow(SAVE);
    assert_eq!(browser.address(), "/scopes#shipments:track");
    browser.follow("[id='shipments:track'] .act");
    browser.fill("#description", "Follow shipments");
    browser.follow(SAVE);
    assert_eq!(browser.text("[id='shipments:track'] [data-label='Allows']"), "Follow shipments");

    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a file");
    file.write_all(DOCUMENT.as_bytes()).expect("written");
    browser.follow("#import");
    browser.choose_file("#upload", file.path());
    browser.follow(SAVE);
    assert_eq!(browser.texts(".offers code"), ["pets:read", "pets:write"]);
    browser.click("[name='scopes'][value='pets:write']");
    browser.follow(SAVE);
    assert_eq!(browser.text("#notice"), "1 scope added.");
    let described = "[id='pets:read'] [data-label='Allows']";
    assert_eq!(browser.text(described), "Everything about your pets");

    browser.follow("[id='shipments:track'] .act-danger");
    browser.follow("dialog .btn-danger");
    assert_eq!(browser.text("#notice"), "shipments:track removed.");
    browser.fill("#q", "pets");
    browser.follow(".filters button");
    assert_eq!(browser.texts("tbody code"), ["pets:read"]);
}

#[test]
fn scopes_are_added_described_imported_and_removed() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    add_describe_import_and_remove(&browser);
}

#[test]
fn scopes_are_added_described_imported_and_removed_without_javascript() {
    let app = App::set_up();
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    add_describe_import_and_remove(&browser);
}

#[test]
fn dialogs_of_scopes_and_roles_close_to_their_page() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    for (path, closed) in [
        ("/scopes/new", "/scopes#create"),
        ("/scopes/import", "/scopes#import"),
        ("/scopes/orders:read/edit", "/scopes#orders:read"),
        ("/scopes/orders:read/delete", "/scopes#orders:read"),
        ("/roles/new", "/roles#create"),
    ] {
        browser.goto(path);
        assert!(browser.shows("dialog"));
        browser.navigate_by(|b| b.press_key(&thirtyfour::Key::Escape));
        assert_eq!(browser.address(), closed);
        browser.goto(path);
        browser.follow("dialog .x");
        assert_eq!(browser.address(), closed);
    }
}
