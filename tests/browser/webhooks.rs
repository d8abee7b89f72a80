//! Webhooks and the email log, checked for accessibility like every other page.

use latchkey::domain::mail::{self, Message};
use latchkey::letters::Letter;

use crate::browser::Browser;
use crate::pages::check_page;
use crate::support::App;

#[test]
fn webhooks_are_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/webhooks");
    check_page(&browser, "no webhooks");
    browser.goto("/webhooks/new");
    browser.fill("#url", "https://127.0.0.1.example.com:x/");
    browser.follow("#new .btn-primary");
    assert!(browser.shows("#url-error"));
    check_page(&browser, "a new webhook with errors");
    // Nothing listens on this port.
    let url = format!("http://127.0.0.1:1/{}", "long".repeat(40));
    browser.fill("#url", &url);
    browser.fill("#description", &"Long".repeat(20));
    browser.follow("#new .btn-primary");
    assert!(browser.text("#secret-key").starts_with("whsec_"));
    check_page(&browser, "the signing secret");
    browser.follow("#secret .dlg-foot a");
    browser.follow("form[action$='/test'] .btn");
    assert!(browser.text("#notice").starts_with("The test message did not arrive."));
    check_page(&browser, "a webhook that fails");
    let webhook = app.texts("SELECT id AS text FROM webhook_endpoints").remove(0);
    let delivery = app.texts("SELECT id AS text FROM webhook_deliveries").remove(0);
    app.sql(&format!(
        "UPDATE webhook_attempts SET answer = '{}', status = 500",
        "<b>Internal Server Error</b>".repeat(30)
    ));
    browser.goto(&format!("/webhooks/{webhook}/deliveries/{delivery}"));
    browser.click("details summary");
    check_page(&browser, "a delivery");
    for step in ["edit", "secret", "delete"] {
        browser.goto(&format!("/webhooks/{webhook}/{step}"));
        check_page(&browser, &format!("a webhook's {step}"));
    }
    browser.goto("/webhooks");
    check_page(&browser, "webhooks");
}

#[test]
fn the_email_log_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.goto("/mail");
    check_page(&browser, "no email");
    app.sql(
        "INSERT INTO mail_server (id, host, port, security, username, sender) \
         VALUES (1, 'localhost', 1, 'none', '', 'latchkey@meridianfreight.example')",
    );
    for (number, to) in [(1, "ines@example.com"), (2, &format!("{}@a.example", "long".repeat(15)))]
    {
        let (subject, letter) = ("“Billing worker – production” was revoked", Letter::default());
        let message = letter.message(subject).expect("rendered");
        let message = Message { to: to.to_owned(), ..message };
        let now = app.site.clock.now();
        app.write(|tx, _| mail::queue(tx, &message, &format!("activity:{number}"), now));
    }
    app.send_mail();
    browser.goto("/mail");
    check_page(&browser, "email that waits");
    browser.follow("tbody button");
    assert_eq!(browser.text("#notice"), "It is sent again within seconds.");
    check_page(&browser, "email with a notice");
}
