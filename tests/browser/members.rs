//! Members, from an invitation to a member who can only view keys, and the account page.

use latchkey::domain::members::Permission;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::{App, PASSWORD};

const SOFIA: &str = "sofia@meridianfreight.example";
const NEW: &str = "lantern orbit cabbage velvet";

/// Invites Sofia to view API keys, and returns the path of the link.
fn invite(browser: &Browser, app: &App) -> String {
    browser.goto("/members");
    browser.follow("#invite");
    browser.fill("#name", "Sofia Marques");
    browser.fill("#email", SOFIA);
    browser.follow(".presets [value='keys']");
    assert!(browser.is_selected("[value='api.key.create']"));
    assert_eq!(browser.value("#email"), SOFIA);
    browser.follow(".presets [value='view']");
    browser.follow("dialog .btn-primary");
    let link = browser.text("#one-time-link");
    link.strip_prefix(app.url.as_str()).expect("a link to here").to_owned()
}

fn accept(browser: &Browser, link: &str) {
    browser.goto(link);
    assert_eq!(browser.value("#name"), "Sofia Marques");
    browser.fill("#password", NEW);
    browser.follow("button.btn-primary");
}

#[test]
fn a_member_who_can_only_view_keys_sees_no_other_buttons() {
    let app = App::set_up();
    keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.allow(&["clipboardSanitizedWrite"]);
    let link = invite(&browser, &app);
    browser.click("[data-copy]");
    browser.wait_until("copied", |b| b.text("[data-copy]") == "Copied");
    browser.press_key(&Key::Escape);
    assert!(browser.shows("#one-time-link"), "Escape does not close the dialog with the link");
    browser.follow("[data-replace]");
    assert_eq!(
        (browser.address().as_str(), browser.text("#notice").as_str()),
        ("/members", "“Sofia Marques” invited.")
    );
    browser.back();
    assert!(!browser.source().contains(&link), "Back does not bring the link back");

    let other = Browser::open(&app);
    other.expect_status(403);
    accept(&other, &link);
    assert_eq!(other.address(), "/api-keys");
    assert_eq!(other.texts(".nav a"), ["API Keys", "Needs attention", "Usage"]);
    assert!(other.shows("table.keys"));
    for control in [
        "#create",
        ".act",
        ".with-selected",
        "[name='keys']",
        "[href*='/edit']",
        "[href*='/disable']",
        "[href*='/revoke']",
        "[href^='/members']",
    ] {
        assert!(!other.shows(control), "{control}");
    }
    other.goto("/members");
    assert_eq!(other.text("h1"), "You need permission to manage members.");
    assert!(other.text("main").contains("Ask Ines Okafor for the permission member.manage."));
    other.follow("main .btn");
    assert_eq!(other.address(), "/account");

    browser.goto("/members");
    browser.follow("tbody tr:last-child a[href$='/edit']");
    browser.wait_for_focus("#super_manager");
    browser.press_key(&Key::Space);
    assert!(!browser.shows("#permissions"));
    browser.follow("dialog .btn-primary");
    other.goto("/api-keys");
    assert_eq!(other.text("h1"), "You need the super manager role to see this page.");
}

#[test]
fn members_are_invited_edited_and_removed_without_javascript() {
    let app = App::set_up();
    let browser = Browser::without_javascript(&app);
    browser.expect_status(422);
    browser.sign_in_as_manager(&app);
    browser.goto("/members/new");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.texts("#errors li"), ["Enter a name", "Enter an email address"]);
    let link = invite(&browser, &app);
    assert!(!browser.shows("[data-copy]"), "copying needs JavaScript");
    browser.reload();
    assert!(browser.text("#notice").starts_with("This link has already been shown."));
    browser.follow("tbody tr:last-child a[href$='/edit']");
    browser.click("[value='activity.view']");
    browser.follow("dialog .btn-primary");
    assert!(browser.text("#notice").contains("no longer works"));
    browser.follow("tbody tr:last-child a[href$='/invite']");
    browser.follow("dialog .btn-primary");
    let newer = browser.text("#one-time-link");
    assert!(!newer.ends_with(&link));
    let other = Browser::without_javascript(&app);
    accept(&other, newer.strip_prefix(app.url.as_str()).expect("a link to here"));
    assert_eq!(other.address(), "/api-keys");
    for (step, outcome) in [("disable", "disabled"), ("enable", "enabled"), ("delete", "removed")] {
        browser.goto("/members");
        browser.follow(&format!("tbody tr:last-child a[href$='/{step}']"));
        browser.follow("dialog button");
        assert_eq!(browser.text("#notice"), format!("“Sofia Marques” {outcome}."));
    }
    other.goto("/account");
    assert_eq!(other.address(), "/sign-in?next=%2Faccount");
    browser.follow("tbody a[href$='/delete']");
    browser.follow("dialog button");
    assert!(browser.text("#errors").contains("is the last member who can manage members"));
}

#[test]
fn members_change_their_name_and_password_and_end_their_sessions() {
    let app = App::set_up();
    app.member(SOFIA, true, &[Permission::ViewKeys]);
    let (browser, other) = (Browser::open(&app), Browser::open(&app));
    browser.expect_status(422);
    browser.sign_in(SOFIA);
    other.sign_in(SOFIA);
    browser.click(".avatar");
    browser.follow("#me a");
    assert_eq!(browser.address(), "/account");
    assert_eq!(browser.texts(".sessions tbody tr").len(), 2);
    browser.follow(".sessions button");
    assert_eq!(browser.text("#notice"), "The session has ended.");
    other.goto("/account");
    assert_eq!(other.address(), "/sign-in?next=%2Faccount");
    browser.fill("#name", "Sofia Marques");
    browser.follow("form[action='/account/edit'] button");
    assert_eq!(browser.text(".avatar"), "SM Account menu, Sofia Marques");
    browser.fill("#current_password", "wrong");
    browser.fill("#password", NEW);
    browser.click("[data-show='password']");
    assert_eq!(browser.attribute("#password", "type"), "text");
    assert_eq!(browser.attribute("[data-show='password']", "aria-label"), "Hide new password");
    browser.follow("form[action='/account/password'] .btn");
    assert_eq!(browser.text("#current_password-error"), "Error: Current password is wrong");
    browser.fill("#current_password", PASSWORD);
    browser.fill("#password", NEW);
    browser.follow("form[action='/account/password'] .btn");
    assert!(browser.text("#notice").starts_with("Your password was changed"));
    browser.follow("main .theme [value='dark']");
    assert_eq!(browser.attribute("html", "data-theme"), "dark");
}
