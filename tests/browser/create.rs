//! The dialog Create New Key.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

#[test]
fn a_field_that_is_left_invalid_shows_its_error_immediately() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.follow("#create");
    browser.wait_for_focus("#name");
    assert!(!browser.shows(".if-invalid"));
    browser.press("B\u{e003}\u{e004}");
    assert_eq!(browser.texts("#name ~ .if-invalid"), ["Error: Enter a key name"]);
    assert!(browser.shows("#name ~ .if-invalid"));
    browser.focus("#role");
    for key in &[Key::Down, Key::Up, Key::Tab] {
        browser.press_key(key);
    }
    assert!(browser.shows("#role ~ .if-invalid"));
    browser.focus("#role");
    browser.press_key(&Key::Down);
    assert!(!browser.shows("#role ~ .if-invalid"));
}

#[test]
fn choices_show_the_fields_that_belong_to_them() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.goto("/api-keys/new");
    assert!(browser.is_selected("[name='lifetime'][value='90']"));
    assert!(!browser.shows("#expires_on"));
    browser.click("[name='lifetime'][value='date']");
    assert!(browser.shows("#expires_on"));
    assert!(!browser.shows(".matrix"));
    browser.click("[name='access'][value='selected']");
    assert!(browser.shows(".matrix"));
    assert!(browser.shows("[data-env='production']") && !browser.shows("[data-env='staging']"));
    browser.click("[name='environment'][value='staging']");
    assert_eq!(
        browser.text("[data-env='staging']"),
        "Part of the secret key (lk_stag_…). Rotate every 180 days."
    );
    assert!(!browser.shows("[data-env='production']"));
}

#[test]
fn the_form_shows_what_the_key_will_be_able_to_do() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.goto("/api-keys/new");
    assert!(!browser.shows(".grants li"));
    browser.click("#role option[value='read-only']");
    assert!(
        browser.shows("[data-role='read-only']") && !browser.shows("[data-role='full-access']")
    );
    let overview = |browser: &Browser, text: &str| {
        browser.wait_until(text, |b| b.text("#overview") == text);
    };
    overview(&browser, "Production · Read-only (3 scopes) · expires 21 Feb 2027 · any address");
    browser.click("[name='access'][value='selected']");
    assert!(!browser.shows("[value='orders:write']"), "the role does not have it");
    assert!(!browser.shows("[value='latchkey:introspect']"));
    browser.click(".matrix-tools [value=':read']");
    assert_eq!(browser.text(".matrix-tools output"), "3 of 3 selected");
    browser.click("#role option[value='read-and-write']");
    assert_eq!(browser.text(".matrix-tools output"), "3 of 6 selected");
    browser.fill(".matrix-tools input", "ORDERS");
    assert_eq!(browser.texts(".matrix tbody tr:not([hidden])").len(), 1);
    browser.click(".matrix-tools button:not([value])");
    assert_eq!(browser.text(".matrix-tools output"), "2 of 6 selected");
    browser.fill(".matrix-tools input", "nothing");
    assert_eq!(browser.text(".matrix-tools output"), "2 of 6 selected · No scope matches");
    browser.focus(".matrix-tools input");
    browser.press_key(&Key::Escape);
    assert_eq!(browser.value(".matrix-tools input"), "");
    assert!(browser.shows("dialog") && browser.shows("[value='orders:write']"));
    browser.click("[name='environment'][value='development']");
    browser.click("[name='lifetime'][value='date']");
    browser.pick_date("#expires_on", "2026-12-04");
    browser.fill("#ip_whitelist", "203.0.113.7");
    overview(
        &browser,
        "Development · Read and write (2 of 6 scopes) · expires 4 Dec 2026 · 1 address",
    );
}

#[test]
fn a_long_name_is_counted_and_not_cut() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/api-keys/new");
    browser.fill("#name", &"x".repeat(59));
    assert_eq!(browser.text("[for='name']"), "Key Name");
    browser.fill("#name", &"x".repeat(81));
    assert_eq!(browser.text("[for='name']"), "Key Name 81 of 80 characters");
    browser.click("#role option[value='read-only']");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.texts("#errors li"), ["Key name must be 80 characters or fewer"]);
    assert_eq!(browser.value("#name"), "x".repeat(81));
}

#[test]
fn a_rejected_form_shows_every_error_and_keeps_the_input() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.follow("#create");
    browser.fill("#name", " ");
    browser.click("[name='environment'][value='staging']");
    browser.click("[name='lifetime'][value='date']");
    browser.click("[name='access'][value='selected']");
    browser.fill("#ip_whitelist", "203.0.113.7\n203.0.113.0/24");
    browser.fill("#notes", "Ask Ines <b>first</b>");
    browser.follow("dialog .btn-primary");
    browser.wait_for_focus("#errors");
    assert_eq!(browser.title(), "Error: Create New Key – Meridian Freight – Latchkey");
    assert_eq!(
        browser.texts("#errors li"),
        [
            "Enter a key name",
            "Choose a role",
            "Enter an expiry date",
            "Choose at least one scope",
            "Line 2: “203.0.113.0/24” is a range. Enter one address per line",
        ]
    );
    assert_eq!(browser.value("#name"), " ");
    assert!(browser.is_selected("[name='environment'][value='staging']"));
    assert!(browser.shows("#expires_on") && browser.shows(".matrix"));
    assert_eq!(browser.value("#ip_whitelist"), "203.0.113.7\n203.0.113.0/24");
    assert_eq!(browser.value("#notes"), "Ask Ines <b>first</b>");
    for field in ["name", "role", "expires_on", "scopes", "ip_whitelist"] {
        assert_eq!(browser.attribute(&format!("#{field}"), "aria-invalid"), "true", "{field}");
        let described = browser.attribute(&format!("#{field}"), "aria-describedby");
        assert!(described.contains(&format!("{field}-error")), "{field}: {described}");
        browser.click(&format!("#errors a[href='#{field}']"));
        browser.wait_for_focus(&format!("#{field}"));
    }
}

#[test]
fn a_corrected_form_creates_the_key_with_its_input() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.follow("#create");
    browser.fill("#name", "Route planner – staging");
    browser.click("[name='environment'][value='staging']");
    browser.click("[name='lifetime'][value='date']");
    browser.pick_date("#expires_on", "2026-12-24");
    browser.click("[name='access'][value='selected']");
    browser.click("[value='orders:read']");
    browser.fill("#ip_whitelist", "::ffff:203.0.113.7");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.texts("#errors li"), ["Choose a role"]);
    browser.click("#role option[value='read-only']");
    browser.follow("dialog .btn-primary");
    assert!(browser.text("#secret-key").starts_with("lk_stag_"));
    assert!(browser.text("dialog .facts").contains("24 December 2026"));
    browser.follow("[data-replace]");
    assert_eq!(browser.texts(".chips .chip"), ["orders:read"]);
    assert_eq!(browser.texts(".iplist li code"), ["203.0.113.7"]);
}

#[test]
fn a_name_that_another_key_has_is_rejected() {
    let app = App::set_up();
    keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.follow("#create");
    browser.fill("#name", "billing WORKER");
    browser.click("#role option[value='read-only']");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.texts("#errors li"), ["Another key is already called “billing WORKER”"]);
    browser.click("#errors a");
    browser.wait_for_focus("#name");
    assert_eq!(keys::count(&app), 1);
}

#[test]
fn a_copy_starts_with_the_values_of_the_original_key() {
    let app = App::set_up();
    let mut draft = keys::draft("Warehouse sync");
    draft.environment = "development".into();
    draft.notes = "Runs nightly".into();
    let id = keys::create(&app, &draft);
    let browser = Browser::signed_in(&app);
    browser.goto(&format!("/api-keys/{id}"));
    browser.follow("#duplicate-key");
    let name = browser.value("#name");
    assert!(name.starts_with("Warehouse sync") && name != "Warehouse sync", "{name}");
    assert!(browser.is_selected("[name='environment'][value='development']"));
    assert!(browser.is_selected("#role option[value='read-and-write']"));
    assert!(browser.is_selected("[name='lifetime'][value='90']"));
    assert_eq!(browser.value("#notes"), "Runs nightly");
    browser.follow("dialog .btn-primary");
    assert!(browser.text("#secret-key").starts_with("lk_dev_"));
    assert_eq!(keys::count(&app), 2);
}

#[test]
fn at_the_limit_the_form_suggests_keys_to_revoke() {
    let app = App::set_up();
    app.write(|tx, _| {
        let mut settings = latchkey::domain::settings::get(tx)?;
        settings.active_key_limit = 2;
        latchkey::domain::settings::save(tx, &settings)
    });
    keys::create_named(&app, "Billing worker");
    keys::create_named(&app, "Warehouse sync");
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/api-keys/new");
    browser.fill("#name", "Route planner");
    browser.click("#role option[value='read-only']");
    browser.follow("dialog .btn-primary");
    browser.wait_for_focus("#errors");
    assert_eq!(
        browser.text("#errors strong"),
        "You have reached the limit of 2 keys. Revoke one you no longer use"
    );
    assert_eq!(browser.texts(".candidates li").len(), 2);
    browser.follow(".candidates a");
    assert!(browser.text("dialog h2").starts_with("Revoke “"));
    browser.follow("dialog .btn-danger");
    browser.goto("/api-keys/new");
    browser.fill("#name", "Route planner");
    browser.click("#role option[value='read-only']");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#secret-key"));
}
