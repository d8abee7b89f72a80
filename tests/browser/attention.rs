//! Needs attention and alerts: checked for accessibility like every other page, and used.

use latchkey::base::clock::{DAY, MINUTE};

use crate::browser::Browser;
use crate::keys;
use crate::pages::check_page;
use crate::support::App;

const LIST: &str = "/attention";

/// A program with a key that is due for rotation, one that was never used, one whose requests are
/// often denied, and a revoked one that is still in use.
fn app() -> App {
    let app = App::set_up();
    for (name, lifetime) in [("Billing worker", "365"), ("Payroll – night shift", "365")] {
        keys::create(
            &app,
            &latchkey::domain::api_keys::Draft { lifetime: lifetime.into(), ..keys::draft(name) },
        );
    }
    let revoked = keys::create_named(&app, "Courier app");
    app.advance(95 * DAY);
    let denied = keys::create_named(&app, "Warehouse scanner gateway");
    keys::record_use(&app, &denied, MINUTE);
    let at = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET revoked_at = {} WHERE id = '{revoked}'", at - DAY));
    for (key, reason) in [(&denied, "address_not_allowed"), (&revoked, "key_revoked")] {
        app.sql(&format!(
            "INSERT INTO denials (request_id, key_id, secret, reason, detail, address, request_line, at, count) \
             VALUES ('req_{key}', '{key}', 1, '{reason}', '', '2001:db8:4100:7700:1234:5678:9abc:def0', 'GET /', {at}, 30); \
             INSERT INTO usage_days (day, key_id, outcome, count) VALUES ({}, '{key}', '{reason}', 30)",
            at / DAY
        ));
    }
    app.find_alerts();
    app
}

#[test]
fn needs_attention_is_accessible() {
    let app = app();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto(LIST);
    check_page(&browser, "needs attention");
    for action in ["snooze", "disable", "revoke", "rotate"] {
        browser.goto(LIST);
        browser.click(".work-t [data-select-all]");
        browser.follow(&format!(".with-selected button{}", formaction(action)));
        check_page(&browser, &format!("{action} several keys"));
    }
    browser.follow("#rotate .btn-primary");
    assert_eq!(browser.texts(".secret-key").len(), 3);
    check_page(&browser, "several secret keys");
    browser.goto("/alerts");
    check_page(&browser, "alerts");
    browser.goto("/settings/alerts");
    check_page(&browser, "alert settings");
    browser.goto("/settings/health");
    check_page(&browser, "health");
}

/// The attribute selector of the button that opens the dialog for an action.
fn formaction(action: &str) -> String {
    match action {
        "snooze" => ":not([formaction])".into(),
        action => format!("[formaction$='{action}']"),
    }
}

#[test]
fn the_checkbox_in_the_header_selects_and_clears_all_rows() {
    let app = app();
    let browser = Browser::signed_in(&app);
    browser.goto(LIST);
    let checked = |browser: &Browser| {
        browser.script("return document.querySelectorAll('.work-t tbody :checked').length", vec![])
    };
    let header = ".work-t [data-select-all]";
    browser.click(header);
    assert_eq!(checked(&browser), 4);
    assert!(browser.shows(".with-selected"), "what can be done with them");
    browser.click(header);
    assert_eq!(checked(&browser), 0);
    assert!(!browser.shows(".with-selected"));
}

#[test]
fn keys_are_snoozed_rotated_and_revoked_without_javascript() {
    let app = app();
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    browser.goto(LIST);
    assert!(!browser.shows("[data-select-all]"));
    browser.click("tbody:has(#inactive-t) input");
    browser.follow(".with-selected button:not([formaction])");
    browser.fill("#note", "The courier was told.");
    browser.follow("#snooze .btn-primary");
    assert_eq!(browser.text("#notice"), "“Courier app” snoozed for 90 days.");
    browser.click(".work-t tbody input");
    browser.follow(".with-selected [formaction$='rotate']");
    browser.follow("#rotate .btn-primary");
    let secret = browser.text(".secret-key");
    assert!(secret.starts_with("lk_prod_"));
    browser.follow("#secret .dlg-foot a");
    assert!(browser.text("#notice").ends_with("rotated."));
    assert!(!browser.source().contains(&secret));
    browser.back();
    assert!(!browser.source().contains(&secret));
    browser.goto(LIST);
    browser.click(".work-t tbody input");
    browser.follow(".with-selected [formaction$='revoke']");
    assert!(browser.text("#revoke h2").starts_with("Revoke “"));
}

#[test]
fn secret_keys_are_gone_once_their_page_was_left() {
    let app = app();
    let browser = Browser::signed_in(&app);
    browser.goto(LIST);
    browser.click(".work-t [data-select-all]");
    browser.follow(".with-selected [formaction$='rotate']");
    browser.follow("#rotate .btn-primary");
    assert_eq!(browser.texts(".secret-key").len(), 3);
    browser.follow("#secret .dlg-foot a");
    browser.back();
    assert!(!browser.shows(".secret-key"));
}
