//! The settings page.

use latchkey::domain::members::Permission;

use super::{INES, app_with, events, set_mail_server, turn_on};
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET, Mode, Provider};
use crate::support::{App, Client, Page, replaced};

fn save(client: &Client, fields: &[(&str, &str)]) -> Page {
    let shown = client.get("/settings/sso").form_fields("form.settings");
    client.post("/settings/sso", &replaced(&shown, fields))
}

fn fields(provider: &Provider) -> [(&str, &str); 3] {
    [("issuer", &provider.url), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]
}

#[test]
fn a_provider_is_saved_tested_changed_and_turned_off() {
    let (app, provider) = (App::set_up(), Provider::start());
    let client = app.super_manager();
    let page = client.get("/settings/sso");
    assert!(page.body.contains(&format!("{}/sign-in/sso/callback", app.url)));
    assert_eq!(save(&client, &fields(&provider)).status, 303);
    let page = client.get("/settings/sso");
    assert_eq!(page.text("#notice"), "Single sign-on saved.");
    assert!(!page.body.contains(CLIENT_SECRET), "the secret is never shown");
    assert!(!app.everything().join("\n").contains(CLIENT_SECRET), "it is encrypted");
    let test = || {
        client.submit_from("/settings/sso", "/settings/sso/test", &[]);
        client.get("/settings/sso").text("#notice")
    };
    assert_eq!(test(), "The provider answered as expected.");
    provider.set(|plan| {
        plan.modes.insert("/jwks", Mode::Closes);
    });
    assert!(test().starts_with("The provider did not answer as expected."));
    // A change without the secret keeps it, but not for another client.
    assert_eq!(save(&client, &[("button", "Sign in with Meridian")]).status, 303);
    assert_eq!(app.anonymous().get("/sign-in").text("#sso"), "Sign in with Meridian");
    let page = save(&client, &[("client_id", "other")]);
    assert!(page.error_of("client_secret").starts_with("Enter the client secret again"));
    assert_eq!(save(&client, &[("issuer", "")]).status, 303);
    assert!(!app.anonymous().get("/sign-in").has("#sso"));
    assert_eq!(events(&app).iter().filter(|event| *event == "sso.changed").count(), 3);
}

#[test]
fn wrong_values_are_explained_and_kept() {
    let app = App::set_up();
    let client = app.super_manager();
    let wrong = [("issuer", "login.example.com"), ("scopes", "email"), ("button", "")];
    let page = save(&client, &wrong);
    assert_eq!(page.status, 422);
    for field in ["issuer", "client_id", "client_secret", "scopes", "button"] {
        assert!(!page.error_of(field).is_empty(), "{field}: {}", page.body);
    }
    assert_eq!(page.attribute("#issuer", "value").as_deref(), Some("login.example.com"));
    let provider = Provider::start();
    let mapped = [&fields(&provider)[..], &[("new_members", "mapped")]].concat();
    assert!(save(&client, &mapped).error_of("new_members").contains("Add a mapping"));
    let off = [&fields(&provider)[..], &[("passwords", "break_glass_only")]].concat();
    assert!(save(&client, &off).error_of("passwords").contains("Allow passwords first"));
}

#[test]
fn two_people_do_not_overwrite_each_other() {
    let provider = Provider::start();
    let app = app_with(&provider, latchkey::domain::sso::NewMembers::Refuse);
    let (one, two) = (app.super_manager(), app.super_manager());
    let shown = two.get("/settings/sso").form_fields("form.settings");
    assert_eq!(save(&one, &[("button", "First")]).status, 303);
    let page = two.post("/settings/sso", &replaced(&shown, &[("button", "Second")]));
    assert_eq!(page.status, 409);
    assert_eq!(page.attribute("#button", "value").as_deref(), Some("Second"));
    assert_eq!(app.anonymous().get("/sign-in").text("#sso"), "First");
}

#[test]
fn the_other_super_managers_are_notified_of_every_change() {
    let (app, provider) = (App::set_up(), Provider::start());
    let client = app.super_manager();
    app.member(INES, true, &[Permission::ViewKeys]);
    app.member("member@meridianfreight.example", false, &[]);
    set_mail_server(&app);
    let subject = "mail_outbox WHERE subject LIKE '%single sign-on%'";
    assert_eq!(save(&client, &fields(&provider)).status, 303);
    assert_eq!(app.count(subject), 1);
    let recipient = "SELECT recipient AS text FROM mail_outbox";
    assert_eq!(app.texts(recipient), [INES]);
    let mapping = [("group", "keys"), ("super_manager", "yes"), ("permissions", "api.key.view")];
    let page = client.submit("/settings/sso/mappings/new", &mapping);
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(app.count(subject), 2);
    let again = client.submit("/settings/sso/mappings/new", &mapping);
    assert!(again.error_of("group").contains("has a mapping already"));
    let empty = client.submit("/settings/sso/mappings/new", &[]);
    assert!(empty.error_of("group").contains("Enter the name of a group"));
    assert!(client.get("/settings/sso").body.contains("api.key.view"));
    turn_on(&app, &provider, |_| ());
}
