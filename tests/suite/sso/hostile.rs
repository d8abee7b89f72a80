//! What a provider says is believed only if every check passes.

use latchkey::base::clock::{HOUR, SECOND};
use latchkey::domain::members::Permission;
use latchkey::domain::sso::NewMembers;
use serde_json::{Value, json};

use super::{INES, app_with, link, provider_address, sign_in};
use crate::support::provider::{CLIENT_ID, Mode, Provider, Signing};
use crate::support::{App, NOW};

const UNVERIFIED: &str = "The answer of your provider could not be verified.";
const UNREACHABLE: &str = "Your provider did not answer as expected.";

fn linked() -> (App, Provider) {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "subject-1");
    (app, provider)
}

/// Whether somebody is signed in, and otherwise why not.
fn outcome(app: &App) -> Result<(), String> {
    let client = app.anonymous();
    let page = sign_in(&client);
    app.advance(SECOND);
    if page.status == 303 {
        assert_eq!(client.get("/api-keys").status, 200);
        return Ok(());
    }
    assert_eq!(client.get("/api-keys").status, 303, "there is no session");
    Err(page.errors().join(" "))
}

fn assert_unverified(app: &App, what: &str) {
    let error = outcome(app).expect_err(what);
    assert!(error.starts_with(UNVERIFIED), "{what}: {error}");
}

#[test]
fn every_claim_of_the_id_token_is_checked() {
    type Change = fn(&mut Value);
    const SECONDS: i64 = NOW.millis() / SECOND;
    const WRONG: [(&str, Change); 12] = [
        ("another nonce", |claims| claims["nonce"] = "x".into()),
        ("no nonce", |claims| drop(claims.as_object_mut().map(|all| all.remove("nonce")))),
        ("another audience", |claims| claims["aud"] = "other".into()),
        ("one more audience", |claims| claims["aud"] = json!([CLIENT_ID, "other"])),
        ("no audience", |claims| drop(claims.as_object_mut().map(|all| all.remove("aud")))),
        ("another party", |claims| claims["azp"] = "other".into()),
        ("another issuer", |claims| claims["iss"] = "https://evil.example".into()),
        ("an issuer with a slash", |claims| {
            claims["iss"] = format!("{}/", claims["iss"].as_str().unwrap_or_default()).into();
        }),
        ("expired", |claims| claims["exp"] = SECONDS.into()),
        ("issued long ago", |claims| claims["iat"] = (SECONDS - 62).into()),
        ("issued in the future", |claims| claims["iat"] = (SECONDS + 75).into()),
        ("another access token", |claims| claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA".into()),
    ];
    const RIGHT: [(&str, Change); 4] = [
        ("as it is", |_| ()),
        ("a list with us", |claims| claims["aud"] = json!([CLIENT_ID])),
        ("our party", |claims| claims["azp"] = CLIENT_ID.into()),
        ("a slow clock", |claims| claims["iat"] = (SECONDS - 40).into()),
    ];
    let (app, provider) = linked();
    for (what, change) in WRONG {
        provider.set(|plan| plan.claims = Box::new(change));
        assert_unverified(&app, what);
    }
    for (what, change) in RIGHT {
        provider.set(|plan| plan.claims = Box::new(change));
        assert_eq!(outcome(&app), Ok(()), "{what}");
    }
}

#[test]
fn only_signatures_with_a_published_key_count() {
    let (app, provider) = linked();
    for signing in [Signing::None, Signing::Secret, Signing::Unpublished] {
        provider.set(|plan| plan.signing = signing);
        let error = outcome(&app).expect_err("denied");
        // A token whose algorithm the library does not take for a signature cannot be read at all.
        assert!(error.starts_with(UNVERIFIED) || error.starts_with(UNREACHABLE), "{error}");
    }
    provider.set(|plan| plan.signing = Signing::Published);
    assert_eq!(outcome(&app), Ok(()));
}

#[test]
fn keys_are_kept_for_an_hour_and_fetched_again_for_an_unknown_key_at_most_every_ten_seconds() {
    let (app, provider) = linked();
    assert_eq!((outcome(&app), outcome(&app)), (Ok(()), Ok(())));
    assert_eq!(provider.count("/jwks"), 1);
    provider.swap_key("second");
    assert_unverified(&app, "keys were fetched a moment ago");
    assert_eq!(provider.count("/jwks"), 1);
    app.advance(10 * SECOND);
    assert_eq!(outcome(&app), Ok(()));
    assert_eq!(provider.count("/jwks"), 2);
    // A key under a known id does not make Latchkey ask again.
    provider.set(|plan| plan.signing = Signing::Unpublished);
    app.advance(10 * SECOND);
    assert_unverified(&app, "a forged token");
    assert_eq!(provider.count("/jwks"), 2);
    provider.set(|plan| {
        plan.signing = Signing::Published;
        let later = (NOW.millis() + HOUR + 35 * SECOND) / SECOND;
        plan.claims = Box::new(move |claims| {
            claims["iat"] = later.into();
            claims["exp"] = (later + 300).into();
        });
    });
    app.advance(HOUR);
    assert_eq!(outcome(&app), Ok(()));
    assert_eq!(provider.count("/.well-known/openid-configuration"), 2);
}

#[test]
fn a_provider_that_does_not_answer_as_it_must_signs_nobody_in() {
    for path in ["/.well-known/openid-configuration", "/jwks", "/token"] {
        let (app, provider) = linked();
        let elsewhere = Provider::start();
        for mode in [
            Mode::Huge,
            Mode::Closes,
            Mode::Redirects(format!("{}{path}", elsewhere.url)),
            Mode::Says("not JSON".into()),
            Mode::Says("{}".into()),
        ] {
            provider.set(|plan| drop(plan.modes.insert(path, mode.clone())));
            let client = app.anonymous();
            let page = client.submit_from("/sign-in", "/sign-in/sso", &[]);
            let page = if page.status == 200 {
                super::come_back(&client, &provider_address(&page))
            } else {
                page
            };
            assert_eq!(page.status, 503, "{path} {mode:?}: {}", page.body);
            assert!(page.errors().join(" ").starts_with(UNREACHABLE), "{path} {mode:?}");
        }
        assert_eq!(elsewhere.count(path), 0, "redirects are not followed");
        provider.set(|plan| plan.modes.clear());
        assert_eq!(outcome(&app), Ok(()), "{path}");
    }
}

#[test]
fn a_slow_provider_costs_five_seconds_and_holds_up_nobody_else() {
    let (app, provider) = linked();
    provider.set(|plan| drop(plan.modes.insert("/token", Mode::Drips)));
    let url = app.url.clone();
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| sign_in(&app.anonymous()));
        let other = crate::support::Client::new(&url);
        assert_eq!(other.get("/sign-in").status, 200);
        assert!(began.elapsed().as_secs() < 3, "another page does not wait");
        assert_eq!(slow.join().expect("an answer").status, 503);
    });
    assert!((4..9).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[test]
fn a_provider_that_names_another_issuer_or_endpoints_that_are_no_urls_is_not_used() {
    let (app, provider) = linked();
    let page = |authorize: &str, issuer: &str| {
        json!({
            "issuer": issuer,
            "authorization_endpoint": authorize,
            "token_endpoint": format!("{}/token", provider.url),
            "jwks_uri": format!("{}/jwks", provider.url),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        })
        .to_string()
    };
    let good = format!("{}/authorize", provider.url);
    for (authorize, issuer) in [
        (good.as_str(), "https://evil.example"),
        ("javascript:alert(1)", &provider.url),
        ("data:text/html,x", &provider.url),
        ("ftp://127.0.0.1/authorize", &provider.url),
    ] {
        let says = Mode::Says(page(authorize, issuer));
        provider.set(|plan| {
            drop(plan.modes.insert("/.well-known/openid-configuration", says));
        });
        let answer = app.anonymous().submit_from("/sign-in", "/sign-in/sso", &[]);
        assert_eq!(answer.status, 503, "{authorize} {issuer}");
        assert!(!answer.body.contains(authorize) || authorize == good);
    }
}
