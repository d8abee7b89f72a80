//! Members who have only the provider confirm there who they are.

use latchkey::base::clock::{MINUTE, SECOND};
use latchkey::domain::members::{Member, Permission};
use latchkey::domain::settings::{self, Settings, TwoStep};
use latchkey::domain::sso::NewMembers;
use serde_json::json;

use super::{INES, app_with, come_back, link, parameter, provider_address, sign_in};
use crate::support::provider::Provider;
use crate::support::{App, Client, Page, encoded, key_fields, replaced};

/// An app in which ten minutes have passed since a member without a password has signed in at the
/// provider, which says when somebody signed in there.
fn later() -> (App, Provider, Client, Member) {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "subject-1");
    app.sql(&format!(
        "UPDATE members SET password_hash = NULL WHERE id = '{}'",
        member.id.as_str()
    ));
    let client = app.anonymous();
    assert_eq!(sign_in(&client).status, 303);
    app.advance(10 * MINUTE);
    provider.set(|plan| plan.later = 600);
    signed_in_ago(&provider, &app, 0);
    (app, provider, client, member)
}

/// Lets the provider say that the person signed in there so many seconds ago.
fn signed_in_ago(provider: &Provider, app: &App, seconds: i64) {
    let at = app.site.clock.now().millis() / SECOND - seconds;
    provider.set(|plan| plan.claims = Box::new(move |claims| claims["auth_time"] = at.into()));
}

fn send(client: &Client, path: &str, fields: &[(&str, &str)]) -> Page {
    client.post_body(path, encoded(fields))
}

/// Fills in the form of a new key, and presses the button that leads to the provider.
fn leave(client: &Client) -> Page {
    let page = client.get("/api-keys/new");
    let token = page.form_token();
    let fields = [("name", "Billing"), ("notes", "kept"), ("confirm_at_provider", "yes")];
    let fields = [&[("form_token", token.as_str())][..], &key_fields(&fields)].concat();
    send(client, "/api-keys", &fields)
}

#[test]
fn the_form_is_kept_until_the_member_comes_back_and_sent_by_one_more_press() {
    let (app, provider, client, _) = later();
    let page = client.get("/api-keys/new");
    assert!(page.has("#confirm-identity button") && !page.has("input[name=confirm_password]"));
    let refused = client.submit_from("/api-keys/new", "/api-keys", &key_fields(&[]));
    assert_eq!(refused.all("#errors li"), ["Confirm at your provider that it is you"]);
    let url = provider_address(&leave(&client));
    assert_eq!((&*parameter(&url, "prompt"), &*parameter(&url, "max_age")), ("login", "0"));
    let back = come_back(&client, &url);
    assert_eq!((back.status, back.location()), (303, "/api-keys/new"));
    assert_eq!(app.count("api_keys"), 0, "nothing happens without the member");
    let page = client.get("/api-keys/new");
    assert!(page.text("#restored").contains("has confirmed that it is you"), "{}", page.body);
    assert!(!page.has("#confirm-identity"));
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("Billing"));
    assert_eq!(page.text("textarea[name=notes]"), "kept");
    assert_eq!(
        send(&client, "/api-keys", &replaced(&page.form_fields("#new form"), &[])).status,
        200
    );
    assert_eq!(app.count("api_keys"), 1);
    // It counts for the next ten minutes.
    assert!(!client.get("/api-keys/new").has("#confirm-identity"));
    app.advance(10 * MINUTE);
    assert!(client.get("/api-keys/new").has("#confirm-identity"));
    drop(provider);
}

#[test]
fn only_a_sign_in_of_the_same_person_a_moment_ago_counts() {
    let (app, provider, client, _) = later();
    let problem = |why: &str| {
        let page = come_back(&client, &provider_address(&leave(&client)));
        assert_eq!(page.location(), "/api-keys/new", "{}", page.body);
        let page = client.get("/api-keys/new");
        assert!(page.text("#restored").contains(why), "{why}: {}", page.text("#restored"));
        assert!(page.has("#confirm-identity"), "{why}");
        assert_eq!(page.attribute("#name", "value").as_deref(), Some("Billing"));
    };
    signed_in_ago(&provider, &app, 61);
    problem("did not ask you to sign in again");
    signed_in_ago(&provider, &app, -61);
    problem("did not ask you to sign in again");
    provider.set(|plan| plan.claims = Box::new(|_| ()));
    problem("does not say when you signed in");
    let now = app.site.clock.now().millis() / SECOND;
    provider.person("somebody-else", json!({ "auth_time": now }));
    problem("not the account that you are linked to");
    // The answer counts only in the session of the member who asked.
    signed_in_ago(&provider, &app, 0);
    let url = provider_address(&leave(&client));
    let other = app.super_manager();
    assert_eq!(come_back(&other, &url).status, 403);
    let cookie = client.cookie("latchkey-sso").expect("an attempt");
    other.set_cookie("latchkey-sso", &cookie);
    let page = come_back(&other, &url);
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(client.get("/api-keys/new").has("#confirm-identity"));
}

#[test]
fn it_counts_for_one_form_where_each_action_is_confirmed() {
    let (app, _provider, client, _) = later();
    app.write(|tx, _| {
        let settings = settings::get(tx)?;
        settings::save(tx, &Settings { confirm_minutes: 0, ..settings })
    });
    come_back(&client, &provider_address(&leave(&client)));
    let page = client.get("/api-keys/new");
    assert!(page.text("#confirm-identity").contains("Press the button once more"));
    assert_eq!(
        send(&client, "/api-keys", &replaced(&page.form_fields("#new form"), &[])).status,
        200
    );
    let again = client.submit_from("/api-keys/new", "/api-keys", &key_fields(&[("name", "Other")]));
    assert_eq!(again.status, 422, "{}", again.body);
    assert_eq!(app.count("api_keys"), 1);
}

#[test]
fn pages_lead_back_to_themselves() {
    let (app, provider, client, _) = later();
    for (page, action) in [
        ("/settings", "/settings"),
        ("/settings", "/settings/mail"),
        ("/settings/sso", "/settings/sso"),
        ("/settings/sso", "/settings/sso/break-glass"),
        ("/settings/alerts", "/settings/alerts"),
        ("/account/sso", "/account/sso/unlink"),
    ] {
        let shown = client.get(page);
        assert!(shown.has("[name=confirm_at_provider]"), "{page}");
        let token = shown.form_token();
        let fields = [("form_token", &*token), ("confirm_at_provider", "yes")];
        let url = provider_address(&send(&client, action, &fields));
        provider.set(|plan| plan.claims = Box::new(|_| ()));
        assert_eq!(come_back(&client, &url).location(), page, "{action}");
        let told = client.get(page);
        assert!(told.text("#notice").contains("does not say when"), "{page}: {}", told.body);
        signed_in_ago(&provider, &app, 0);
    }
}

#[test]
fn whoever_has_something_else_uses_that() {
    let (app, _provider, client, member) = later();
    let authenticator = app.enrol(&member);
    let page = client.get("/api-keys/new");
    assert!(page.has("#confirm_code") && !page.has("[name=confirm_at_provider]"));
    assert!(!page.has("#confirm_password"), "the member has no password");
    let wrong = key_fields(&[("name", "A"), ("confirm_code", "000000")]);
    let page = client.submit_from("/api-keys/new", "/api-keys", &wrong);
    assert_eq!(page.status, 422);
    assert_eq!(app.count("api_keys"), 0);
    let page = leave(&client);
    assert_eq!(page.status, 422, "the provider is not an answer for them: {}", page.body);
    let code = app.code_of(&authenticator);
    let right = key_fields(&[("name", "A"), ("confirm_code", &code)]);
    assert_eq!(client.submit_from("/api-keys/new", "/api-keys", &right).status, 200);
}

#[test]
fn who_signed_in_at_the_provider_needs_no_second_factor_here() {
    let (app, provider, _, _) = later();
    app.write(|tx, _| {
        let settings = settings::get(tx)?;
        settings::save(tx, &Settings { two_step: TwoStep::Everyone, ..settings })
    });
    let client = app.anonymous();
    assert_eq!(sign_in(&client).status, 303);
    assert_eq!(client.get("/api-keys").status, 200);
    drop(provider);
}

#[test]
fn input_is_kept_when_the_member_signs_in_again_at_the_provider() {
    let (app, provider, client, _) = later();
    let page = client.get("/api-keys/new");
    let token = page.form_token();
    app.advance(31 * MINUTE);
    provider.set(|plan| plan.later = 41 * 60);
    let fields = key_fields(&[("name", "Billing"), ("notes", "kept")]);
    let fields = [&[("form_token", token.as_str())][..], &fields].concat();
    let page = send(&client, "/api-keys", &fields);
    assert_eq!(page.status, 403, "{}", page.body);
    let form = page.form_fields("form[action='/sign-in/sso']");
    let url = provider_address(&send(&client, "/sign-in/sso", &replaced(&form, &[])));
    let back = come_back(&client, &url);
    assert_eq!(back.location(), "/api-keys/new", "{}", back.body);
    assert_eq!(client.cookie("latchkey-kept"), None);
    let page = client.get("/api-keys/new");
    assert!(page.text("#restored").contains("Your session ended"), "{}", page.body);
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("Billing"));
}
