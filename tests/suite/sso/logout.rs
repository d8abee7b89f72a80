//! The provider ends sessions.

use latchkey::base::clock::MINUTE;
use latchkey::domain::members::Permission;
use latchkey::domain::sso::NewMembers;
use serde_json::{Value, json};

use super::{INES, app_with, events, link, sign_in};
use crate::support::provider::{CLIENT_ID, Provider, Signing};
use crate::support::{App, Client, encoded};

const PATH: &str = "/sign-in/sso/logout";

fn linked() -> (App, Provider) {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "subject-1");
    (app, provider)
}

/// As a provider sends it: without an origin, a session and a form token.
fn send(client: &Client, token: &str) -> u16 {
    client.send(client.request(PATH).body(encoded(&[("logout_token", token)]))).status
}

#[test]
fn a_logout_token_ends_every_session_of_its_member_once() {
    let (app, provider) = linked();
    let (one, two, other) = (app.anonymous(), app.signed_in(INES), app.super_manager());
    sign_in(&one);
    let token = provider.logout_token("subject-1", |_| ());
    assert_eq!(send(&app.anonymous(), &token), 200);
    assert_eq!((one.get("/api-keys").status, two.get("/api-keys").status), (303, 303));
    assert_eq!(other.get("/api-keys").status, 200);
    assert_eq!(events(&app).last().map(String::as_str), Some("session.ended_by_provider"));
    // A second use ends nothing.
    sign_in(&one);
    assert_eq!(send(&app.anonymous(), &token), 400);
    assert_eq!(one.get("/api-keys").status, 200);
    // Somebody who is no member here is nobody's business.
    let stranger = provider.logout_token("stranger", |claims| claims["jti"] = "two".into());
    assert_eq!(send(&app.anonymous(), &stranger), 200);
}

#[test]
fn only_a_real_logout_token_counts() {
    type Change = fn(&mut Value);
    const WRONG: [(&str, Change); 9] = [
        ("no event", |claims| claims["events"] = json!({})),
        ("another event", |claims| claims["events"] = json!({ "x": {} })),
        ("a nonce, as in an ID token", |claims| claims["nonce"] = "x".into()),
        ("no jti", |claims| drop(claims.as_object_mut().map(|all| all.remove("jti")))),
        ("no subject", |claims| drop(claims.as_object_mut().map(|all| all.remove("sub")))),
        ("another audience", |claims| claims["aud"] = "other".into()),
        ("another issuer", |claims| claims["iss"] = "https://evil.example".into()),
        ("expired", |claims| claims["exp"] = 1.into()),
        ("two audiences", |claims| claims["aud"] = json!([CLIENT_ID, "other"])),
    ];
    let (app, provider) = linked();
    let client = app.anonymous();
    sign_in(&client);
    for (what, change) in WRONG {
        let token = provider.logout_token("subject-1", change);
        assert_eq!(send(&app.anonymous(), &token), 400, "{what}");
    }
    for signing in [Signing::None, Signing::Secret, Signing::Unpublished] {
        provider.set(|plan| plan.signing = signing);
        let token = provider.logout_token("subject-1", |_| ());
        assert_eq!(send(&app.anonymous(), &token), 400, "{signing:?}");
    }
    for text in ["", "x", "a.b.c"] {
        assert_eq!(send(&app.anonymous(), text), 400, "{text}");
    }
    assert_eq!(client.get("/api-keys").status, 200);
}

#[test]
fn a_network_sends_twenty_tokens_a_minute_of_sixteen_kilobytes() {
    let (app, _provider) = linked();
    let client = app.anonymous();
    for _ in 0..20 {
        assert_eq!(send(&client, "x"), 400);
    }
    let page = client.send(client.request(PATH).body("logout_token=x"));
    assert_eq!(page.status, 429);
    assert!(!page.header("retry-after").is_empty());
    app.advance(MINUTE);
    assert_eq!(send(&client, "x"), 400);
    let long = format!("logout_token={}", "x".repeat(16 * 1024));
    assert_eq!(client.send(client.request(PATH).body(long)).status, 413);
}

#[test]
fn no_other_path_is_open_to_other_sites() {
    let (app, _provider) = linked();
    let client = app.anonymous();
    for path in ["/sign-in/sso", "/sign-in/sso/logout/", "/sign-in/sso//logout", "/invitation/sso"]
    {
        let page = client.send(client.request(path).body("logout_token=x"));
        assert!(matches!(page.status, 403 | 404), "{path}: {}", page.status);
    }
}
