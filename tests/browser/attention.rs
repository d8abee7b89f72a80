//! Needs attention, and alerts: judged like every other page, and worked through.

use latchkey::base::clock::{DAY, MINUTE};

use crate::browser::Browser;
use crate::keys;
use crate::pages::look_at;
use crate::support::App;

const LIST: &str = "/api-keys?view=attention";

/// A program with a key that is due for rotation, one that was never used, one that is refused
/// often, and a revoked one that is still used.
fn app() -> App {
    let app = App::set_up();
    for (name, lifetime) in [("Billing worker", "365"), ("Payroll – night shift", "365")] {
        keys::create(
            &app,
            &latchkey::domain::api_keys::Draft { lifetime: lifetime.into(), ..keys::draft(name) },
        );
    }
    let revoked = keys::named(&app, "Courier app");
    app.advance(95 * DAY);
    let refused = keys::named(&app, "Warehouse scanner gateway");
    keys::use_ago(&app, &refused, MINUTE);
    let at = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET revoked_at = {} WHERE id = '{revoked}'", at - DAY));
    for (key, reason) in [(&refused, "address_not_allowed"), (&revoked, "key_revoked")] {
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
fn needs_attention_is_open_to_everybody() {
    let app = app();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto(LIST);
    look_at(&browser, "needs attention");
    for what in ["keep", "revoke", "rotate"] {
        browser.goto(LIST);
        browser.click(".card.tbl:not(section) [data-select-all]");
        browser.follow(&format!(".with-selected button{}", formaction(what)));
        look_at(&browser, &format!("{what} several keys"));
    }
    browser.follow("#rotate .btn-primary");
    assert_eq!(browser.texts(".secret-key").len(), 3);
    look_at(&browser, "several secret keys");
    browser.goto("/alerts");
    look_at(&browser, "alerts");
    browser.goto("/settings/alerts");
    look_at(&browser, "alert settings");
}

/// What tells the button that leads to the dialog for `what`.
fn formaction(what: &str) -> String {
    match what {
        "keep" => ":not([formaction])".into(),
        what => format!("[formaction$='{what}']"),
    }
}

#[test]
fn the_box_in_the_head_checks_and_clears_all_below_it() {
    let app = app();
    let browser = Browser::signed_in(&app);
    browser.goto(LIST);
    let checked = |browser: &Browser| {
        browser.script("return document.querySelectorAll('.work-t tbody :checked').length", vec![])
    };
    let head = ".card.tbl:not(section) [data-select-all]";
    browser.click(head);
    assert_eq!(checked(&browser), 3);
    browser.click(head);
    assert_eq!(checked(&browser), 0);
}

#[test]
fn keys_are_kept_rotated_and_revoked_without_script() {
    let app = app();
    let browser = Browser::without_script(&app);
    browser.sign_in_as_manager(&app);
    browser.goto(LIST);
    assert!(!browser.shows("[data-select-all]"));
    browser.click("section .work-t tbody input");
    browser.follow(".with-selected button:not([formaction])");
    browser.fill("#note", "The courier was told.");
    browser.follow("#keep .btn-primary");
    assert_eq!(browser.text("#notice"), "“Courier app” stays as it is.");
    browser.click(".work-t tbody tr:nth-child(1) input");
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
    browser.click(".work-t tbody tr:nth-child(1) input");
    browser.follow(".with-selected [formaction$='revoke']");
    assert!(browser.text("#revoke h2").starts_with("Revoke “"));
}

#[test]
fn leaving_the_secret_keys_wipes_them() {
    let app = app();
    let browser = Browser::signed_in(&app);
    browser.goto(LIST);
    browser.click(".card.tbl:not(section) [data-select-all]");
    browser.follow(".with-selected [formaction$='rotate']");
    browser.follow("#rotate .btn-primary");
    assert_eq!(browser.texts(".secret-key").len(), 3);
    browser.follow("#secret .dlg-foot a");
    browser.back();
    assert!(!browser.shows(".secret-key"));
}
