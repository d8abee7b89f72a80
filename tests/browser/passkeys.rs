//! Passkeys, with a virtual authenticator of Chromium.

use latchkey::base::clock::MINUTE;
use latchkey::domain::members::Permission;
use serde_json::json;

use crate::browser::Browser;
use crate::pages::check_page;
use crate::support::{App, Authenticator};

const TOMAS: &str = "tomas@meridianfreight.example";
const PAGE: &str = "/account/two-step";
const PROBLEM: &str = "[data-passkey-problem]";

/// A program at a host name, where browsers offer passkeys.
fn app() -> App {
    App::at_localhost().with_organisation()
}

/// Adds a device that makes passkeys and confirms them without asking. Returns its id.
fn add_device(browser: &Browser) -> String {
    browser.devtools("WebAuthn.enable", json!({}));
    let options = json!({
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": true,
        "hasUserVerification": true,
        "isUserVerified": true,
        "automaticPresenceSimulation": true,
    });
    let added = browser.devtools("WebAuthn.addVirtualAuthenticator", json!({ "options": options }));
    added["authenticatorId"].as_str().expect("an id").to_owned()
}

/// Gives another member a passkey, so that the sign-in page offers them.
fn add_passkey_of_tomas(app: &App) {
    app.member(TOMAS, true, &Permission::ALL);
    let mut authenticator = Authenticator::new();
    authenticator.origin.clone_from(&app.url);
    assert_eq!(authenticator.register(&app.signed_in(TOMAS), "Phone").status, 200);
}

fn sign_out(browser: &Browser) {
    browser.devtools("Network.clearBrowserCookies", json!({}));
    browser.goto("/sign-in");
}

#[test]
fn a_passkey_is_added_signs_in_and_is_removed() {
    let app = app();
    let browser = Browser::signed_in(&app);
    let device = add_device(&browser);
    browser.goto(PAGE);
    check_page(&browser, "two-step verification without a passkey");
    browser.follow("#add-passkey");
    browser.wait_for_focus("#name");
    assert!(!browser.shows("[data-passkey-missing]"));
    check_page(&browser, "adding a passkey");
    browser.fill("#name", "Work laptop");
    browser.follow("#attestation");
    browser.wait_for_focus("#recovery-codes-t");
    browser.follow("#recovery-codes .dlg-foot a");
    assert_eq!(browser.text("#notice p"), "The passkey “Work laptop” was added.");
    check_page(&browser, "two-step verification with a passkey");
    browser.follow(".passkeys a[href$='/rename']");
    browser.wait_for_focus("#name");
    check_page(&browser, "renaming a passkey");
    browser.goto("/account/two-step/passkeys");
    browser.click("#attestation");
    browser.wait_until("a message", |b| b.shows(PROBLEM));
    assert_eq!(browser.text(PROBLEM), "This device already has a passkey for your account.");

    sign_out(&browser);
    check_page(&browser, "sign-in with a passkey");
    browser.follow("#passkey");
    assert_eq!(browser.address(), "/api-keys");
    sign_out(&browser);
    browser.goto("/sign-in?next=%2Froles");
    browser.follow("#passkey");
    assert_eq!(browser.address(), "/roles");

    // The device says that it did not ask its owner.
    browser.expect_status(422);
    sign_out(&browser);
    let bits = json!({ "authenticatorId": device, "isBadUV": true });
    browser.devtools("WebAuthn.setResponseOverrideBits", bits);
    let unknown = "This passkey is not known here. Use another one, or sign in with your password";
    browser.follow("#passkey");
    assert_eq!(browser.texts("#errors li"), [unknown]);
    check_page(&browser, "sign-in after a wrong passkey");
    let bits = json!({ "authenticatorId": device, "isBadUV": false });
    browser.devtools("WebAuthn.setResponseOverrideBits", bits);
    browser.follow("#passkey");
    assert_eq!(browser.address(), "/api-keys");

    add_passkey_of_tomas(&app);
    browser.goto(PAGE);
    browser.follow(".passkeys a[href$='/remove']");
    check_page(&browser, "removing a passkey");
    browser.follow("#remove-passkey .btn-danger");
    let notice = "The passkey “Work laptop” was removed. It no longer signs you in.";
    assert_eq!(browser.text("#notice p"), notice);
    sign_out(&browser);
    browser.follow("#passkey");
    assert_eq!(browser.texts("#errors li"), [unknown]);
}

#[test]
fn a_passkey_is_the_second_step_and_confirms_who_submits_a_form() {
    let app = app();
    let browser = Browser::signed_in(&app);
    add_device(&browser);
    browser.goto("/account/two-step/passkeys");
    browser.follow("#attestation");
    browser.follow("#recovery-codes .dlg-foot a");
    sign_out(&browser);
    browser.sign_in("ines@meridianfreight.example");
    assert_eq!(browser.address(), "/sign-in/code");
    check_page(&browser, "the second step with a passkey");
    browser.follow("#passkey");
    assert_eq!(browser.address(), "/api-keys");

    app.advance(10 * MINUTE);
    browser.goto("/api-keys/new");
    browser.fill("#name", "Night worker");
    browser.click("[name='environment'][value='staging']");
    browser.click("#role option[value='read-only']");
    check_page(&browser, "creating a key, to be confirmed with a passkey");
    browser.follow("#confirm_assertion");
    assert!(browser.shows("#secret-key"), "{}", browser.address());
    assert_eq!(app.count("api_keys"), 1);
}

#[test]
fn a_cancelled_question_and_a_page_that_was_open_for_long_are_explained() {
    let app = app();
    add_passkey_of_tomas(&app);
    let browser = Browser::open(&app);
    browser.expect_status(422);
    browser.run_on_every_page(
        "navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError'));",
    );
    browser.goto("/sign-in");
    browser.click("#passkey");
    browser.wait_until("a message", |b| b.shows(PROBLEM));
    assert_eq!(browser.text(PROBLEM), "No passkey was used. Try again.");
    check_page(&browser, "sign-in after a cancelled passkey");

    browser.run_on_every_page("performance.now = () => 5 * 60 * 1000;");
    browser.goto("/sign-in");
    browser.follow("#passkey");
    let message = "The page was open for too long. Use your passkey again";
    assert_eq!(browser.texts("#errors li"), [message]);
}

#[test]
fn passkeys_are_not_offered_in_a_browser_without_them() {
    let app = app();
    add_passkey_of_tomas(&app);
    let browser = Browser::open(&app);
    browser.run_on_every_page("delete window.PublicKeyCredential;");
    browser.goto("/sign-in");
    assert!(!browser.shows("#passkey"));
    browser.sign_in_as_manager(&app);
    browser.goto("/account/two-step/passkeys");
    assert!(browser.shows("[data-passkey-missing]") && !browser.shows("#attestation"));
}
