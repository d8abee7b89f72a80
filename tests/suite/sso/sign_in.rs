//! The flow in the browser, and who a person at the provider is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey::base::clock::{HOUR, MINUTE};
use latchkey::domain::members::Permission;
use latchkey::domain::members::invitation::Draft;
use latchkey::domain::sign_in::invitation;
use latchkey::domain::sso::NewMembers;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    INES, app_with, come_back, events, link, parameter, provider_address, sign_in, turn_on,
};
use crate::support::App;
use crate::support::provider::{CLIENT_ID, Provider};

#[test]
fn the_browser_goes_to_the_provider_and_comes_back_with_a_session() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "subject-1");
    let client = app.anonymous();
    assert_eq!(client.get("/sign-in").text("#sso"), "Sign In with Single Sign-On");
    let page = client.submit_from("/sign-in", "/sign-in/sso", &[("next", "/usage?period=day")]);
    let url = provider_address(&page);
    assert!(url.as_str().starts_with(&format!("{}/authorize?", provider.url)));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", &format!("{}/sign-in/sso/callback", app.url)),
        ("scope", "openid email profile groups"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&url, name), value);
    }
    let page = come_back(&client, &url);
    assert_eq!((page.status, page.location()), (303, "/usage?period=day"));
    assert_eq!(client.get("/usage?period=day").status, 200);
    assert_eq!(client.cookie("latchkey-sso"), None, "the attempt is over");
    // The verifier is the secret behind the challenge.
    let body = provider.body("/token");
    let verifier = url::form_urlencoded::parse(body.as_bytes())
        .find(|(name, _)| name == "code_verifier")
        .map(|(_, value)| value.into_owned())
        .expect("a verifier");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(parameter(&url, "code_challenge"), challenge);
    assert_eq!(events(&app).last().map(String::as_str), Some("session.signed_in"));
    let manager = app.super_manager();
    assert!(manager.get("/activity?view=sign-ins").body.contains("With single sign-on"));
}

#[test]
fn an_answer_counts_only_in_the_browser_and_the_time_of_its_attempt() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "subject-1");
    let outdated = |page: &crate::support::Page| {
        page.status == 403 && page.body.contains("took too long or was started in another browser")
    };
    let client = app.anonymous();
    let url = provider_address(&client.submit_from("/sign-in", "/sign-in/sso", &[]));
    assert!(outdated(&come_back(&app.anonymous(), &url)), "another browser");
    let forged = client.get("/sign-in/sso/callback?code=x&state=y");
    assert!(outdated(&forged));
    let nothing = client.get("/sign-in/sso/callback");
    assert!(outdated(&nothing));
    assert_eq!(provider.count("/token"), 0, "the provider was not asked");
    // A second attempt in the same browser ends the first one.
    let second = provider_address(&client.submit_from("/sign-in", "/sign-in/sso", &[]));
    assert!(outdated(&come_back(&client, &url)));
    app.advance(10 * MINUTE);
    assert!(outdated(&come_back(&client, &second)));
    let third = provider_address(&client.submit_from("/sign-in", "/sign-in/sso", &[]));
    let state = parameter(&third, "state");
    let denied = client.get(&format!(
        "/sign-in/sso/callback?error=access_denied&error_description=%3Cb%3E&state={state}"
    ));
    assert!(denied.body.contains("did not let you in") && !denied.body.contains("<b>"));
    assert_eq!(events(&app).iter().filter(|event| *event == "session.signed_in").count(), 0);
}

#[test]
fn an_answer_of_another_issuer_is_denied() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let client = app.anonymous();
    let url = provider_address(&client.submit_from("/sign-in", "/sign-in/sso", &[]));
    let (state, nonce) = (parameter(&url, "state"), parameter(&url, "nonce"));
    let page = client.get(&format!(
        "/sign-in/sso/callback?code={nonce}&state={state}&iss=https%3A%2F%2Fevil.example"
    ));
    assert_eq!(page.status, 403);
    assert_eq!(provider.count("/token"), 0);
}

#[test]
fn a_person_is_never_known_by_an_address_alone() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Ordinary);
    let refused = |subject: &str, claims: serde_json::Value, why: &str| {
        provider.person(subject, claims);
        let page = sign_in(&app.anonymous());
        assert!(page.status == 403 && page.body.contains(why), "{}: {}", page.status, page.body);
    };
    let once = "Sign in with your password once and link your account";
    let verified = json!({ "email": INES, "email_verified": true });
    // With a password.
    let member = app.member(INES, false, &[]);
    refused("a", verified.clone(), once);
    // Without a password, and a super manager.
    app.sql(&format!(
        "UPDATE members SET password_hash = NULL, super_manager = true WHERE id = '{}'",
        member.id.as_str()
    ));
    refused("a", verified.clone(), once);
    // Without a password and without the role, but the address is not verified.
    app.sql(&format!(
        "UPDATE members SET super_manager = false WHERE id = '{}'",
        member.id.as_str()
    ));
    refused("a", json!({ "email": INES }), once);
    refused("a", json!({ "email": INES, "email_verified": false }), once);
    assert_eq!(app.count("member_identities"), 0);
    // Now the address links the account, once: another account with it is somebody else.
    provider.person("a", verified.clone());
    assert_eq!(sign_in(&app.anonymous()).status, 303);
    refused("b", verified.clone(), "linked already");
    // Whose address changed at the provider is still the same person.
    provider
        .person("a", json!({ "email": "root@meridianfreight.example", "email_verified": true }));
    let client = app.anonymous();
    assert_eq!(sign_in(&client).status, 303);
    assert!(client.get("/account").body.contains(INES));
    // A disabled member does not come in.
    app.sql(&format!("UPDATE members SET disabled_at = 1 WHERE id = '{}'", member.id.as_str()));
    refused("a", verified, "You cannot sign in at the moment");
}

#[test]
fn new_members_come_in_as_the_settings_say() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let noor =
        json!({ "email": "noor@example.com", "email_verified": true, "name": "Noor Haddad" });
    provider.person("noor", noor.clone());
    let page = sign_in(&app.anonymous());
    assert!(page.body.contains("You are not a member yet"), "{}", page.body);
    turn_on(&app, &provider, |draft| draft.new_members = "ordinary".into());
    provider.person("noor", json!({ "email": "noor@example.com" }));
    assert!(sign_in(&app.anonymous()).body.contains("an email address that it has verified"));
    provider.person("noor", noor);
    let client = app.anonymous();
    let page = sign_in(&client);
    assert_eq!((page.status, page.location()), (303, "/account"));
    assert!(client.get("/account").body.contains("Noor Haddad"));
    assert_eq!(client.get("/api-keys").status, 403);
    let new = events(&app);
    assert_eq!(new[new.len() - 3..], ["member.added", "member.linked", "session.signed_in"]);
    assert_eq!(sign_in(&app.anonymous()).status, 303, "and again, without a second member");
    assert_eq!(app.count("members WHERE email_folded = 'noor@example.com'"), 1);
}

#[test]
fn an_invitation_is_accepted_at_the_provider() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let draft = Draft {
        name: "Tomas Lind".into(),
        email: "tomas@meridianfreight.example".into(),
        ..Draft::default()
    };
    let (_, code) = app.write(|tx, context| invitation::invite(tx, &draft, context));
    // The address alone does not accept it.
    let verified = json!({ "email": "tomas@meridianfreight.example", "email_verified": true });
    provider.person("tomas", verified);
    assert!(sign_in(&app.anonymous()).body.contains("open the link in the invitation"));
    let client = app.anonymous();
    let page = format!("/invitation?code={code}");
    let page = client.submit_from(&page, "/invitation/sso", &[("code", &code)]);
    let page = come_back(&client, &provider_address(&page));
    assert_eq!((page.status, page.location()), (303, "/account"));
    assert_eq!(client.get("/account").status, 200);
    assert_eq!(sign_in(&app.anonymous()).status, 303);
    // The code works once.
    provider.person("mallory", json!({}));
    let client = app.anonymous();
    let page = client.submit_from("/sign-in", "/sign-in/sso", &[]);
    drop(page);
    let token = app.token(&client, "/invitation");
    let page = client.post("/invitation/sso", &[("form_token", &token), ("code", &code)]);
    let page = come_back(&client, &provider_address(&page));
    assert!(page.status == 403 && page.body.contains("This invitation does not work any more"));
}

#[test]
fn a_member_links_and_unlinks_an_account_while_signed_in() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES);
    let url = provider_address(&client.submit_from("/account/sso", "/account/sso", &[]));
    // Another browser, in which somebody else is signed in, cannot use the answer.
    let other = app.super_manager();
    other.set_cookie("latchkey-sso", &client.cookie("latchkey-sso").expect("an attempt"));
    assert_eq!(come_back(&other, &url).status, 403);
    let page = come_back(&client, &url);
    assert_eq!((page.status, page.location()), (303, "/account/sso"));
    assert!(client.get("/account/sso").body.contains("Your account was linked."));
    assert_eq!(sign_in(&app.anonymous()).status, 303);
    // The account is taken.
    let url = provider_address(&other.submit_from("/account/sso", "/account/sso", &[]));
    assert_eq!(come_back(&other, &url).status, 303);
    assert!(other.get("/account/sso").body.contains("linked already"));
    let page = client.submit_from("/account/sso", "/account/sso/unlink", &[]);
    assert_eq!(page.status, 303);
    assert_eq!(sign_in(&app.anonymous()).status, 403);
    let last = events(&app);
    assert!(last.contains(&"member.linked".into()) && last.contains(&"member.unlinked".into()));
    // Who has no password keeps the link.
    let member = app.member("noor@meridianfreight.example", true, &Permission::ALL);
    let noor = app.signed_in("noor@meridianfreight.example");
    link(&app, &provider, &member, "noor");
    app.sql(&format!(
        "UPDATE members SET password_hash = NULL WHERE id = '{}'",
        member.id.as_str()
    ));
    let page = noor.submit_from("/account/sso", "/account/sso/unlink", &[]);
    assert_eq!(page.status, 422);
    assert!(page.errors().join("").contains("so you need the link"), "{:?}", page.errors());
}

#[test]
fn a_session_ends_with_the_session_at_the_provider() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "subject-1");
    provider.set(|plan| {
        plan.response = Box::new(|response| response["session_expires_in"] = 600.into());
    });
    let client = app.anonymous();
    sign_in(&client);
    app.advance(10 * MINUTE - 1);
    assert_eq!(client.get("/api-keys").status, 200);
    app.advance(1);
    assert_eq!(client.get("/api-keys").status, 303);
    let ends: i64 = app.number("SELECT MAX(ends_at) FROM sessions");
    assert!(ends <= app.site.clock.now().millis() + HOUR);
}

#[test]
fn signing_out_leads_to_the_provider_if_the_settings_say_so() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "subject-1");
    let client = app.anonymous();
    sign_in(&client);
    let page = client.submit_from("/api-keys", "/sign-out", &[]);
    assert_eq!((page.status, page.location()), (303, "/sign-in"));
    turn_on(&app, &provider, |draft| draft.sign_out_at_provider = "yes".into());
    let client = app.anonymous();
    sign_in(&client);
    let url = provider_address(&client.submit_from("/api-keys", "/sign-out", &[]));
    assert!(url.as_str().starts_with(&format!("{}/end?", provider.url)));
    assert_eq!(parameter(&url, "post_logout_redirect_uri"), format!("{}/sign-in", app.url));
    assert_eq!(client.get("/api-keys").status, 303, "the session here has ended");
    let with_password = app.signed_in(INES);
    assert_eq!(with_password.submit_from("/api-keys", "/sign-out", &[]).status, 303);
}

#[test]
fn without_a_provider_there_is_no_button_and_no_way_in() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let client = app.anonymous();
    assert!(!client.get("/sign-in").has("#sso"));
    let page = client.submit_from("/sign-in", "/sign-in/sso", &[]);
    assert_eq!((page.status, page.location()), (303, "/sign-in"));
    assert!(app.signed_in(INES).get("/account/sso").body.contains("Single sign-on is off"));
}
