//! Tests of the form of the provider.

use super::*;
use crate::base::network::{Networks, TrustedRoots};
use proptest::prelude::*;

fn draft() -> Draft {
    Draft {
        issuer: "https://login.example.com/realms/keys".into(),
        client_id: "latchkey".into(),
        client_secret: Zeroizing::new("hunter2".into()),
        ..Draft::of(None)
    }
}

fn fields(draft: &Draft, before: Option<&Provider>) -> Vec<&'static str> {
    let checked = draft.check(before, &Policy::default());
    checked.map_or_else(|errors| errors.0.iter().map(|e| e.field).collect(), |_| Vec::new())
}

#[test]
fn each_field_is_checked() {
    let changed = |change: fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        fields(&draft, None)
    };
    assert!(changed(|_| ()).is_empty());
    for issuer in [
        "login.example.com",
        "http://login.example.com",
        "https://u:p@login.example.com",
        "https://login.example.com/?a=b",
        "https://login.example.com/#a",
        "javascript:alert(1)",
        "https://a\u{202e}b.example",
    ] {
        assert_eq!(fields(&Draft { issuer: issuer.into(), ..draft() }, None), ["issuer"]);
    }
    assert_eq!(changed(|d| d.client_id = " ".into()), ["client_id"]);
    assert_eq!(changed(|d| d.client_secret = Zeroizing::default()), ["client_secret"]);
    assert_eq!(changed(|d| d.client_secret = Zeroizing::new("a\nb".into())), ["client_secret"]);
    assert_eq!(changed(|d| d.scopes = "email".into()), ["scopes"]);
    assert_eq!(changed(|d| d.scopes = "openid a\"b".into()), ["scopes"]);
    assert_eq!(changed(|d| d.groups_claim = String::new()), ["groups_claim"]);
    assert_eq!(changed(|d| d.button = "x".repeat(41)), ["button"]);
    assert_eq!(changed(|d| d.new_members = "all".into()), ["new_members"]);
    assert_eq!(changed(|d| d.passwords = "none".into()), ["passwords"]);
    assert!(changed(|d| *d = Draft::default()).is_empty(), "no issuer turns it off");
}

#[test]
fn plain_http_needs_a_network_in_the_configuration() {
    let networks = Networks::parse("127.0.0.0/8").expect("a network");
    let policy = Policy::new(&networks, &TrustedRoots::default());
    let local = Draft { issuer: "http://127.0.0.1:3000".into(), ..draft() };
    assert!(local.check(None, &policy).is_ok());
    assert!(local.check(None, &Policy::default()).is_err());
}

#[test]
fn the_address_of_the_discovery_document_is_taken_for_its_issuer() {
    let issuer = "https://login.example.com/realms/keys/.well-known/openid-configuration".into();
    let provider = Draft { issuer, ..draft() }.check(None, &Policy::default());
    let provider = provider.expect("valid").expect("a provider");
    assert_eq!(provider.issuer, "https://login.example.com/realms/keys");
}

#[test]
fn the_stored_secret_is_kept_only_for_its_provider_and_client() {
    let known = draft().check(None, &Policy::default()).expect("valid");
    let again = Draft { client_secret: Zeroizing::default(), ..draft() };
    let kept = again.check(known.as_ref(), &Policy::default()).expect("valid").expect("one");
    assert_eq!((kept.client_secret.as_str(), kept.version), ("hunter2", 2));
    let other = Draft { issuer: "https://evil.example".into(), ..again.clone() };
    assert_eq!(fields(&other, known.as_ref()), ["client_secret"]);
    let other = Draft { client_id: "other".into(), ..again };
    assert_eq!(fields(&other, known.as_ref()), ["client_secret"]);
}

proptest! {
    #[test]
    fn a_stored_issuer_is_a_bare_https_url(text in "https://.{0,30}|.*") {
        if let Ok(issuer) = issuer(text.as_str().into(), &Policy::default()) {
            let url = Url::parse(&issuer).expect("a URL");
            prop_assert!(url.scheme() == "https" && url.query().is_none());
        }
    }
}
