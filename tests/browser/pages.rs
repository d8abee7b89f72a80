//! Every page and dialog, checked for accessibility in both themes and at two widths, and for
//! fitting on a phone.

use std::sync::mpsc;

use diesel::RunQueryDsl as _;
use latchkey::base::clock::{DAY, HOUR};
use latchkey::domain::members::Permission;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::keys;
use crate::support::{App, PASSWORD};

const EMAIL: &str = "ines@meridianfreight.example";

/// Runs all rules of axe-core on the page, and returns the violations.
const RUN_AXE: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
      ({ violations }) => done(violations.map(({ id, help, nodes }) =>
        ({ id, help, nodes: nodes.map(({ html, failureSummary }) => [html.slice(0, 300), failureSummary]) }))),
      (error) => done([String(error)]),
    );";

/// The source of axe-core. It runs as a script of the driver, so that the CSP of the page does not
/// change.
fn axe() -> String {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(path).expect("axe-core: run `npm ci` in tests/browser")
}

/// Checks the current page for accessibility in both themes, and for fitting at every width.
#[track_caller]
pub fn check_page(browser: &Browser, page: &str) {
    if browser.script("return !window.axe", vec![]) == true {
        browser.script(&axe(), vec![]);
    }
    for scheme in ["light", "dark"] {
        for width in [1280, 390] {
            browser.emulate_media("", scheme);
            browser.resize(width);
            let violations = browser.script_async(RUN_AXE, vec![]);
            let text = serde_json::to_string_pretty(&violations).expect("JSON");
            assert_eq!(violations, json!([]), "{page}, {scheme}, {width} px: {text}");
        }
    }
    for width in [390, 320] {
        browser.resize(width);
        assert_fits(browser, &format!("{page}, {width} px"));
    }
    browser.emulate_media("", "light");
    browser.resize(1280);
    assert_fits(browser, page);
}

/// Asserts that neither the page nor a dialog on it needs horizontal scrolling.
#[track_caller]
fn assert_fits(browser: &Browser, page: &str) {
    let script = "
        const boxes = [document.documentElement, ...document.querySelectorAll('dialog, .dlg-body')];
        return boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => {
          const over = [...box.querySelectorAll('*')].filter((inner) =>
            inner.getBoundingClientRect().right > box.getBoundingClientRect().left + box.clientWidth);
          return `${box.tagName}: ${box.scrollWidth} in ${box.clientWidth}, for ` +
            over.map((inner) => inner.outerHTML.slice(0, 80)).join(' ');
        })";
    assert_eq!(browser.script(script, vec![]), Value::Array(vec![]), "{page}");
}

#[test]
fn set_up_is_accessible() {
    let app = App::new();
    let browser = Browser::open(&app);
    browser.expect_status(422);
    browser.goto("/sign-in");
    check_page(&browser, "sign-in before set-up");
    browser.goto("/set-up");
    check_page(&browser, "set-up without a code");
    browser.goto(&format!("/set-up?code={}", app.set_up_code()));
    check_page(&browser, "set-up");
    browser.fill("#resources", "Not a resource");
    browser.follow("button.btn-primary");
    assert!(browser.shows("#resources-error") && browser.shows("#password-error"));
    check_page(&browser, "set-up with errors");
}

#[test]
fn the_guide_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    for gateway in ["nginx", "traefik", "istio", "express"] {
        browser.goto(&format!("/get-started?gateway={gateway}"));
        check_page(&browser, &format!("the guide for {gateway}"));
    }
    browser.goto("/api-keys");
    assert!(browser.shows("#checklist"));
    check_page(&browser, "the checklist");
}

#[test]
fn signing_in_is_accessible() {
    let app = App::set_up();
    let member = app.member(EMAIL, true, &Permission::ALL);
    let browser = Browser::open(&app);
    browser.expect_status(422);
    browser.expect_status(404);
    browser.goto("/sign-in");
    check_page(&browser, "sign-in");
    browser.goto("/sign-in?ended=1&next=%2Fapi-keys");
    check_page(&browser, "sign-in after the session ended");
    browser.fill("#email", EMAIL);
    browser.fill("#password", "wrong");
    browser.follow("button.btn-primary");
    assert!(browser.shows("#errors"));
    check_page(&browser, "sign-in with an error");
    browser.goto("/reset-password?code=wrong");
    check_page(&browser, "a reset link that does not work");
    let (_, code) = app
        .write(|tx, context| latchkey::domain::sign_in::reset::begin(tx, &member.email, context));
    browser.goto(&format!("/reset-password?code={code}"));
    check_page(&browser, "set a new password");
    browser.fill("#password", "short");
    browser.follow("button.btn-primary");
    assert!(browser.shows("#password-error"));
    check_page(&browser, "set a new password with an error");
}

/// Creates a key in every state, and advances the clock by 209 days. Returns a key that is in use,
/// one that has expired and one that is revoked.
fn keys_in_every_state(app: &App) -> [String; 3] {
    let key = |name: &str, environment: &str, lifetime: &str| {
        let mut draft = keys::draft(name);
        draft.environment = environment.into();
        draft.lifetime = lifetime.into();
        draft.ip_whitelist = "203.0.113.7\n2001:db8:85a3:8d3:1319:8a2e:370:7348".into();
        draft.notes = "Runs in the warehouse. Ask Ines Okafor before it is revoked.".into();
        keys::create(app, &draft)
    };
    key("Rotation due", "production", "365");
    let expired = key("Customer portal – an older release", "staging", "30");
    let revoked = key("Revoked", "development", "365");
    let manager = app.super_manager();
    let path = format!("/api-keys/{revoked}/revoke");
    assert_eq!(manager.submit(&path, &[]).status, 303);
    app.advance(190 * DAY);
    key("Long".repeat(20).as_str(), "production", "30");
    let soon = key("Expires soon", "production", "30");
    let used = key("Billing worker – production", "production", "180");
    app.advance(19 * DAY);
    keys::record_use(app, &used, HOUR);
    keys::record_use(app, &soon, 19 * DAY);
    [used, expired, revoked]
}

#[test]
fn the_table_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    check_page(&browser, "the empty state");
    keys_in_every_state(&app);
    browser.sign_in(EMAIL);
    check_page(&browser, "the table");
    browser.click(".avatar");
    check_page(&browser, "the table with the account menu");
    for view in ["attention", "expired", "revoked"] {
        browser.goto(&format!("/api-keys?view={view}"));
        assert!(browser.shows("tbody tr"), "{view}");
        check_page(&browser, view);
    }
    browser.goto("/api-keys?q=nothing&sort=name&dir=desc");
    assert_eq!(browser.text(".empty h2"), "No keys match “nothing”");
    check_page(&browser, "no match");
    browser.goto("/api-keys?sort=expires&environment=staging");
    check_page(&browser, "sorted and filtered");
}

#[test]
fn a_long_table_is_accessible() {
    let app = App::set_up();
    for number in 0..30 {
        keys::create_named(&app, &format!("Worker {number}"));
    }
    let browser = Browser::signed_in(&app);
    check_page(&browser, "the first page");
    browser.follow("[rel='next']");
    check_page(&browser, "the last page");
    browser.resize(390);
    browser.click(".menu-btn");
    check_page(&browser, "the phone's menu");
}

#[test]
fn creating_a_key_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/api-keys/new");
    check_page(&browser, "create");
    browser.click("[name='lifetime'][value='date']");
    browser.click("[name='access'][value='selected']");
    check_page(&browser, "create with everything open");
    browser.fill("#ip_whitelist", "203.0.113.0/24\n10.0.0.300");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#scopes-error"));
    check_page(&browser, "create with errors");
    browser.goto("/api-keys/new");
    browser.fill("#name", "Billing worker");
    browser.click("#role option[value='read-only']");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#secret-key"));
    check_page(&browser, "the reveal");
    browser.deny("clipboard-write");
    browser.click("[data-copy='secret-key']");
    browser.wait_until("copying by hand", |b| b.text("[data-copy]").starts_with("Selected."));
    check_page(&browser, "the reveal without a clipboard");
    browser.follow("[data-replace]");
    check_page(&browser, "a new key with a notice");
}

#[test]
fn the_limit_is_accessible() {
    let app = App::set_up();
    app.write(|tx, _| {
        let mut settings = latchkey::domain::settings::get(tx)?;
        settings.active_key_limit = 2;
        latchkey::domain::settings::save(tx, &settings)
    });
    keys::create_named(&app, "Billing worker – production");
    keys::create_named(&app, &"Long".repeat(20));
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    check_page(&browser, "the table at the limit");
    browser.goto("/api-keys/new");
    browser.fill("#name", "Route planner");
    browser.click("#role option[value='read-only']");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows(".candidates"));
    check_page(&browser, "create at the limit");
}

#[test]
fn a_key_and_its_dialogs_are_accessible() {
    let app = App::set_up();
    let [used, expired, revoked] = keys_in_every_state(&app);
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.expect_status(409);
    for (id, page) in [(&used, "a key"), (&expired, "an expired key"), (&revoked, "a revoked key")]
    {
        browser.goto(&format!("/api-keys/{id}"));
        check_page(&browser, page);
    }
    let edit = format!("/api-keys/{used}/edit");
    browser.goto(&edit);
    check_page(&browser, "edit");
    let tabs = browser.open_tab();
    browser.goto(&format!("{edit}?return=/api-keys/{used}"));
    browser.fill("#notes", "Changed");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#notice") && browser.shows(".log .changes"));
    check_page(&browser, "a key with a notice and a history");
    browser.switch_to_first(&tabs);
    browser.follow("dialog .btn-primary");
    assert!(browser.text("#errors").contains("Someone else changed this key"));
    check_page(&browser, "edit with a conflicting change");
    browser.fill("#name", " ");
    browser.fill("#ip_whitelist", "10.0.0.300");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#name-error") && browser.shows("#ip_whitelist-error"));
    check_page(&browser, "edit with errors");
    browser.goto(&format!("/api-keys/{expired}/edit"));
    assert!(browser.text("dialog .notice").starts_with("This key has expired."));
    check_page(&browser, "edit of an expired key");
    browser.goto(&format!("/api-keys/{expired}/revoke"));
    check_page(&browser, "revoke");
    browser.goto(&format!("/api-keys/{used}/revoke?return=/api-keys/{used}"));
    assert!(browser.shows("#confirm"));
    check_page(&browser, "revoke with a question");
    browser.follow("dialog .btn-danger");
    assert!(browser.shows("#confirm-error"));
    check_page(&browser, "revoke with an error");
}

/// Creates a role, and a key with only some of its scopes.
fn role_with_a_key(app: &App) {
    app.write(|tx, context| {
        let draft = latchkey::domain::roles::Draft {
            name: "Billing".into(),
            slug: String::new(),
            description: "Invoice export and reconciliation.".into(),
            scopes: vec!["invoices:read".into(), "invoices:write".into()],
        };
        latchkey::domain::roles::create(tx, &draft, context)
    });
    let mut draft = keys::draft("Billing worker – production");
    draft.role = "billing".into();
    draft.access = "selected".into();
    draft.scopes = vec!["invoices:write".into()];
    keys::create(app, &draft);
}

#[test]
fn roles_are_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/roles");
    check_page(&browser, "built-in roles");
    role_with_a_key(&app);
    browser.goto("/roles?scope=invoices:write");
    check_page(&browser, "roles that include a scope");
    browser.goto("/roles/new?from=read-and-write");
    check_page(&browser, "create role");
    browser.fill("#name", "billing");
    browser.fill("#description", &"x".repeat(10));
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#name-error"));
    check_page(&browser, "create role with errors");
    browser.goto("/roles/billing");
    check_page(&browser, "a role");
    browser.goto("/roles/billing/edit");
    check_page(&browser, "edit role");
    browser.click("[name='scopes'][value='invoices:write']");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#losses"));
    check_page(&browser, "edit role with a loss");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.text("#notice"), "“Billing” saved.");
    check_page(&browser, "roles with a notice");
    browser.goto("/roles/billing/delete");
    check_page(&browser, "a role in use");
    app.write(|tx, _| {
        diesel::sql_query("DELETE FROM api_keys").execute(&mut **tx)?;
        Ok(())
    });
    browser.goto("/roles/billing/delete");
    check_page(&browser, "delete role");
}

#[test]
fn scopes_are_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    role_with_a_key(&app);
    for (path, page) in [
        ("/scopes", "scopes"),
        ("/scopes?q=nothing", "no scope matches"),
        ("/scopes/new", "add scope"),
        ("/scopes/orders:read/edit", "describe scope"),
        ("/scopes/orders:read/delete", "remove scope"),
        ("/scopes/invoices:write/delete", "a scope in use"),
        ("/scopes/import", "import"),
    ] {
        browser.goto(path);
        check_page(&browser, page);
    }
    browser.fill("#document", "{}");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#document-error"));
    check_page(&browser, "import with an error");
    browser.fill("#document", DOCUMENT);
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#unusable"));
    check_page(&browser, "the preview");
    browser.click("[name='scopes'][value='pets:read']");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#scopes-error"));
    check_page(&browser, "the preview with an error");
    browser.goto("/scopes/new");
    browser.fill("#resource", "1st");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#resource-error") && browser.shows("#operation-error"));
    check_page(&browser, "add scope with errors");
    app.write(|tx, _| {
        diesel::sql_query("DELETE FROM api_keys").execute(&mut **tx)?;
        diesel::sql_query("DELETE FROM role_scopes").execute(&mut **tx)?;
        diesel::sql_query("DELETE FROM scopes WHERE NOT built_in").execute(&mut **tx)?;
        Ok(())
    });
    browser.goto("/scopes");
    assert_eq!(browser.text(".empty h2"), "No scopes yet");
    check_page(&browser, "no scopes yet");
}

/// An OpenAPI document with a new scope, an existing one and one that cannot be used.
const DOCUMENT: &str = r#"{"openapi":"3.0.3","components":{"securitySchemes":{"oauth":{"type":"oauth2",
    "flows":{"implicit":{"scopes":{"read:pets":"Read your pets","orders:read":"","openid":"Who"}}}}}}}"#;

#[test]
fn the_activity_is_accessible() {
    let app = App::set_up();
    let [used, ..] = keys_in_every_state(&app);
    let browser = Browser::signed_in(&app);
    app.member("noor@meridianfreight.example", false, &[]);
    let wrong = [("email", "noor@meridianfreight.example"), ("password", "wrong")];
    assert_eq!(app.anonymous().submit("/sign-in", &wrong).status, 422);
    browser.goto("/activity?view=all");
    assert!(browser.shows(".ev-green") && browser.shows(".ev-red"));
    check_page(&browser, "the activity");
    browser.goto(&format!("/activity?key={used}&period=all"));
    assert!(browser.shows(".narrowed"));
    check_page(&browser, "the activity of a key");
    browser.follow(".log .act");
    assert!(browser.shows("aside dl"));
    check_page(&browser, "an entry");
    browser.goto("/activity?q=nothing+like+it");
    assert_eq!(browser.text(".empty h2"), "No entries match “nothing like it”");
    check_page(&browser, "no entry");
}

#[test]
fn rotation_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    let id = keys::create_named(&app, "Billing worker – production");
    keys::record_use(&app, &id, 0);
    browser.goto(&format!("/api-keys/{id}"));
    browser.follow("a[href*='/rotate']");
    assert!(browser.has_focus("[name='overlap'][value='7d']"));
    check_page(&browser, "rotate");
    browser.click("[name='lifetime'][value='date']");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#expires_on-error"));
    check_page(&browser, "rotate with an error");
    browser.click("[name='lifetime'][value='90']");
    browser.follow("dialog .btn-primary:not(.needs-js)");
    assert_eq!(browser.text("#key-id"), id);
    check_page(&browser, "the new secret");
    browser.follow("[data-replace]");
    assert!(browser.text("#overlap").starts_with("This key has two secrets until"));
    check_page(&browser, "a key with two secrets");
    browser.goto(&format!("/api-keys/{id}/rotate?return=/api-keys/{id}"));
    assert!(browser.shows("#rotate .notice"));
    check_page(&browser, "rotate a key with two secrets");
    browser.goto(&format!("/api-keys/{id}"));
    browser.follow("#overlap .btn");
    check_page(&browser, "stop the old secret");
    browser.follow("dialog .btn-danger");
    assert!(!browser.shows("#overlap"));
}

#[test]
fn the_usage_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.goto("/usage");
    check_page(&browser, "no usage yet");
    browser.goto("/usage/denials");
    check_page(&browser, "nothing was denied");
    let id = keys::create_named(&app, "Billing worker – production");
    browser.goto(&format!("/api-keys/{id}"));
    assert!(browser.shows("#first-use"));
    check_page(&browser, "a key that waits for its first request");
    for days in 0..40 {
        keys::record_use(&app, &id, days * DAY);
        keys::record_denial(&app, &id, days * DAY);
    }
    for (path, page) in [
        ("/usage?period=24h", "the usage of a day"),
        ("/usage?period=90d", "the usage of 90 days"),
        ("/usage/denials?period=90d", "denials"),
        ("/usage/denials?reason=key_revoked", "no denial matches"),
    ] {
        browser.goto(path);
        check_page(&browser, page);
    }
    for period in ["24h", "7d", "30d", "90d"] {
        browser.goto(&format!("/api-keys/{id}?period={period}"));
        browser.click(".datatable summary");
        check_page(&browser, &format!("a key's usage of {period}"));
    }
    browser.goto(&format!("/api-keys/{id}/addresses"));
    check_page(&browser, "the addresses of a key");
    browser.goto(&format!("/api-keys/{id}/edit?return=/api-keys/{id}&add_address=192.0.2.9"));
    assert!(browser.shows(".list-refuses"));
    check_page(&browser, "edit with a whitelist that would deny requests");
}

#[test]
fn the_settings_are_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/settings");
    check_page(&browser, "settings");
    browser.fill("#secret_prefix", "LK");
    browser.fill("#session_hours", "13");
    browser.follow("form[action='/settings'] .btn-primary");
    assert!(browser.shows("#secret_prefix-error") && browser.shows("#session_hours-error"));
    check_page(&browser, "settings with errors");
    browser.fill("#secret_prefix", "nwp");
    browser.fill("#session_hours", "8");
    browser.follow("form[action='/settings'] .btn-primary");
    assert_eq!(browser.text("#notice"), "Settings saved.");
    check_page(&browser, "settings with a notice");
    browser.fill("#mail_host", "localhost");
    browser.follow("form[action='/settings/mail'] .btn");
    assert!(browser.shows("#mail_sender-error"));
    check_page(&browser, "settings with errors of the mail server");
    browser.fill("#mail_sender", "latchkey@meridianfreight.example");
    browser.follow("form[action='/settings/mail'] .btn");
    assert!(browser.shows(".mail-test"));
    check_page(&browser, "settings with a mail server");
}

#[test]
fn members_are_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.expect_status(404);
    let tomas = app.member("tomas@meridianfreight.example", true, &[Permission::ViewKeys]);
    app.member(&format!("{}@example.com", "long".repeat(15)), false, &[]);
    browser.goto("/members/new");
    check_page(&browser, "invite");
    browser.fill("#email", EMAIL);
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#name-error") && browser.shows("#email-error"));
    check_page(&browser, "invite with errors");
    browser.fill("#name", "Sofia Marques");
    browser.fill("#email", "sofia@meridianfreight.example");
    browser.follow("dialog .btn-primary");
    let link = browser.text("#one-time-link");
    check_page(&browser, "the link");
    browser.follow("[data-replace]");
    check_page(&browser, "members");
    for key in ["Billing worker", "Route planner"] {
        app.key(key);
    }
    app.sql(&format!("UPDATE api_keys SET created_by = '{}'", tomas.id.as_str()));
    for step in ["edit", "disable", "contain", "keys", "delete", "reset-password"] {
        browser.goto(&format!("/members/{}/{step}", tomas.id.as_str()));
        check_page(&browser, step);
    }
    app.sql(
        "INSERT INTO restores (id, restored_at, backup_made_at, newest_number, newest_hash) \
         VALUES ('rst_1', 1795435200000, 1795435100000, 1, '')",
    );
    for page in ["/attention", "/attention/restored", "/attention/restored/done"] {
        browser.goto(page);
        check_page(&browser, page);
    }
    for step in ["edit", "invite", "withdraw"] {
        browser.goto("/members");
        browser.follow(&format!("tbody tr:last-child a[href$='/{step}']"));
        check_page(&browser, step);
    }
    let path = link.strip_prefix(app.url.as_str()).expect("a link to here");
    browser.goto(path);
    check_page(&browser, "an invitation for another person");
    let other = Browser::open(&app);
    other.expect_status(404);
    other.expect_status(422);
    other.goto("/invitation?code=wrong");
    check_page(&other, "an invitation that does not work");
    other.goto(path);
    check_page(&other, "an invitation");
    other.fill("#password", "short");
    other.follow("button.btn-primary");
    assert!(other.shows("#password-error"));
    check_page(&other, "an invitation with an error");
}

#[test]
fn permissions_that_one_cannot_grant_are_accessible() {
    let app = App::set_up();
    let member = app.member(EMAIL, true, &[Permission::ManageMembers, Permission::ViewKeys]);
    let browser = Browser::open(&app);
    browser.expect_status(422);
    browser.sign_in(EMAIL);
    browser.goto(&format!("/members/{}/edit", member.id.as_str()));
    assert!(browser.shows("#permissions-h"));
    check_page(&browser, "edit with permissions that one does not have");
    browser.click("#super_manager");
    browser.follow("dialog .btn-primary");
    assert!(browser.shows("#errors"));
    check_page(&browser, "edit of the last manager");
}

#[test]
fn the_account_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    let other = Browser::open(&app);
    other.sign_in(EMAIL);
    browser.expect_status(422);
    browser.goto("/account");
    check_page(&browser, "account");
    browser.fill("#password", "short");
    browser.follow("form[action='/account/password'] .btn");
    assert!(browser.shows("#password-error") && browser.shows("#current_password-error"));
    check_page(&browser, "account with errors");
    browser.fill("#name", "Ines O.");
    browser.follow("form[action='/account/edit'] .btn");
    check_page(&browser, "account with a notice");
}

#[test]
fn error_pages_are_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    for status in [403, 404, 422] {
        browser.expect_status(status);
    }
    browser.goto("/api-keys/key_000000000000");
    assert_eq!(browser.text("h1"), "No key has the ID key_000000000000");
    check_page(&browser, "404");
    let spoil = "document.querySelector('dialog [name=form_token]').value = arguments[0]";
    browser.goto("/api-keys/new");
    browser.script(spoil, vec![json!("forged")]);
    browser.follow("dialog .btn-primary");
    assert!(browser.text("#errors").contains("This form is out of date."));
    check_page(&browser, "403 for a stale form");
    browser.goto("/api-keys/new");
    let repeat =
        "document.querySelector('dialog form').append(document.querySelector('#name').cloneNode())";
    browser.script(repeat, vec![]);
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.text("h1"), "This form could not be read");
    check_page(&browser, "422 for a form that cannot be read");

    app.member("tomas@meridianfreight.example", false, &[]);
    let other = Browser::open(&app);
    other.expect_status(403);
    other.sign_in("tomas@meridianfreight.example");
    assert!(other.text("#notice").contains("no access to API keys yet"));
    check_page(&other, "the account of a member without access");
    other.goto("/api-keys");
    assert_eq!(other.text("h1"), "You need the super manager role to see this page.");
    check_page(&other, "403");
}

#[test]
fn the_page_for_too_many_attempts_is_accessible() {
    let app = App::set_up();
    app.member("tomas@meridianfreight.example", true, &Permission::ALL);
    let browser = Browser::open(&app);
    browser.expect_status(422);
    browser.expect_status(429);
    browser.goto("/sign-in");
    for _ in 0..20 {
        browser.fill("#email", EMAIL);
        browser.fill("#password", PASSWORD);
        browser.follow("button.btn-primary");
        if browser.text("#errors").contains("Too many attempts") {
            check_page(&browser, "429");
            return;
        }
    }
    panic!("attempts are never throttled");
}

#[test]
fn the_page_for_an_internal_error_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(500);
    app.write(|tx, _| {
        diesel::sql_query("ALTER TABLE api_keys RENAME TO gone").execute(&mut **tx)?;
        Ok(())
    });
    browser.goto("/api-keys");
    assert_eq!(browser.text("h1"), "Latchkey could not do this. Nothing was changed.");
    check_page(&browser, "500");
}

#[test]
fn the_page_for_an_unreachable_database_is_accessible() {
    let app = App::set_up();
    let browser = Browser::signed_in(&app);
    browser.expect_status(503);
    browser.goto("/api-keys/new");
    browser.fill("#name", "Billing worker");
    browser.click("#role option[value='read-only']");
    let (db, (begun, is_begun), (end, is_ended)) =
        (app.site.db.clone(), mpsc::channel(), mpsc::channel::<()>());
    let other = std::thread::spawn(move || {
        db.write_blocking(|_| {
            begun.send(()).expect("a receiver");
            is_ended.recv().expect("an end");
            Ok(())
        })
    });
    is_begun.recv().expect("a transaction");
    browser.follow("dialog .btn-primary");
    end.send(()).expect("a waiting transaction");
    other.join().expect("a thread").expect("a transaction");
    assert_eq!(browser.text("h1"), "Latchkey cannot reach its database");
    check_page(&browser, "503");
    assert_eq!(keys::count(&app), 0);
}

#[test]
fn the_diagnosis_is_accessible() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.create_key(&[("role", "read-only"), ("name", &"Long".repeat(20))]);
    let (id, secret) = (page.key_id(), page.secret());
    let authorize = |query: &str, bearer: &str| {
        let request = manager.http().get(format!("{}/v1/authorize?{query}", app.url));
        let request = request.header("authorization", format!("Bearer {bearer}"));
        let request = request.header("x-forwarded-for", "2001:db8:85a3:8d3:1319:8a2e:370:7348");
        let request = request.header("x-original-uri", "/orders/".repeat(20));
        let body = request.send().expect("an answer").text().expect("a body");
        let problem: Value = serde_json::from_str(&body).expect("JSON");
        problem["request_id"].as_str().expect("an id").to_owned()
    };
    let scope = authorize("scope=orders:write%20invoices:write%20shipments:cancel", &secret);
    authorize("environment=staging", &secret);
    let malformed = authorize("", &secret[..30]);
    app.write_usage();
    let browser = Browser::signed_in(&app);
    browser.expect_status(422);
    browser.goto("/diagnosis");
    check_page(&browser, "the empty box");
    browser.follow(".ask .btn");
    assert!(browser.shows("#question-error"));
    check_page(&browser, "the box with an error");
    for question in
        [&scope, &malformed, &id, "req_7QF2M8KDX4TN7QF2", "key_7QF2M8KDX4TN", "lk_prod_x"]
    {
        browser.goto(&format!("/diagnosis?q={question}"));
        assert!(browser.shows("#answer h2"), "{question}");
        check_page(&browser, question);
    }
    for pasted in [secret.clone(), format!("'{secret}'"), "lk_prod_****".into()] {
        browser.fill("#question", &pasted);
        browser.follow(".ask .btn");
        assert!(browser.shows("#answer h2"));
        check_page(&browser, "a pasted secret key");
    }
}
