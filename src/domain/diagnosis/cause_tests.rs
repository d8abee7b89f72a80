//! Causes in view of what has changed since.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::api_keys::{Environment, KeyId};
use crate::domain::usage::Secret;
use crate::domain::verification::Grant;

const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn id() -> KeyId {
    KeyId::parse("key_7QF2M8KDX4TN").expect("a Key ID")
}

fn denied(reason: Outcome, detail: &str, address: Option<&str>) -> Denied {
    Denied {
        request_id: "req_7QF2M8KDX4TN7QF2".into(),
        key_id: Some(id()),
        secret: Some(1),
        reason,
        detail: detail.into(),
        address: address.map(str::to_owned),
        line: "GET /orders/1".into(),
        at: NOW.plus(-1000),
        count: 1,
    }
}

fn record(scopes: &[&str], addresses: &[&str]) -> Record {
    let scopes: BTreeSet<String> = scopes.iter().map(ToString::to_string).collect();
    Record {
        secret: Secret { key_id: id(), number: 1 },
        environment: Environment::Production,
        grant: Arc::new(Grant::new("billing", scopes).expect("a grant")),
        addresses: addresses.iter().map(|a| a.parse().expect("an address")).collect(),
        created_at: NOW.plus(-5000),
        expires_at: NOW.plus(5000),
        revoked_at: None,
        secret_expires_at: NOW.plus(5000),
        superseded_at: None,
    }
}

#[test]
fn a_request_passes_once_its_scopes_are_there() {
    let denied = denied(Outcome::ScopeMissing, "orders:read orders:write", Some("203.0.113.7"));
    let again =
        |scopes: &[&str], addresses: &[&str]| Again::of(&denied, &record(scopes, addresses), NOW);
    assert_eq!(again(&["orders:read"], &[]), Again::Alike);
    assert_eq!(again(&["orders:read", "orders:write"], &[]), Again::Passes);
    assert_eq!(again(&["orders:read", "orders:write"], &["203.0.113.7"]), Again::Passes);
    assert_eq!(again(&["orders:read", "orders:write"], &["203.0.113.8"]), Again::Alike);
}

#[test]
fn a_request_passes_once_its_address_is_there() {
    let denied = denied(Outcome::AddressNotAllowed, "", Some("203.0.113.7"));
    let again = |addresses: &[&str]| Again::of(&denied, &record(&[], addresses), NOW);
    assert_eq!(again(&["203.0.113.8"]), Again::Alike);
    assert_eq!(again(&["203.0.113.8", "203.0.113.7"]), Again::Passes);
    assert_eq!(again(&[]), Again::Passes);
    let untold = self::denied(Outcome::AddressNotAllowed, "", None);
    assert_eq!(Again::of(&untold, &record(&[], &[]), NOW), Again::Alike);
}

#[test]
fn nothing_is_promised_of_what_is_not_known() {
    let again = |reason, detail| {
        Again::of(&denied(reason, detail, Some("203.0.113.7")), &record(&["a:b"], &[]), NOW)
    };
    assert_eq!(again(Outcome::ScopeMissing, ""), Again::Alike);
    assert_eq!(again(Outcome::EnvironmentMismatch, ""), Again::Alike);
    assert_eq!(again(Outcome::KeyExpired, ""), Again::Alike);
}

#[test]
fn what_has_ended_since_is_told() {
    let dead = [
        (Record { revoked_at: Some(NOW), ..record(&[], &[]) }, Outcome::KeyRevoked),
        (Record { superseded_at: Some(NOW), ..record(&[], &[]) }, Outcome::SecretSuperseded),
        (Record { expires_at: NOW, ..record(&[], &["203.0.113.7"]) }, Outcome::KeyExpired),
    ];
    for (record, outcome) in dead {
        assert_eq!(super::dead(&record, NOW), Some(outcome));
        let missing = denied(Outcome::ScopeMissing, "a:b", None);
        assert_eq!(Again::of(&missing, &record, NOW), Again::Dead(outcome));
        assert_eq!(Again::of(&denied(outcome, "", None), &record, NOW), Again::Alike);
    }
    assert_eq!(super::dead(&record(&[], &["203.0.113.7"]), NOW), None);
}

#[test]
fn every_reason_has_its_cause() {
    let cause = |reason, detail| Cause::of(&denied(reason, detail, None), None);
    assert_eq!(cause(Outcome::MalformedKey, "checksum"), Cause::Malformed(Some(Flaw::Checksum)));
    assert_eq!(cause(Outcome::MalformedKey, ""), Cause::Malformed(None));
    assert_eq!(cause(Outcome::MalformedKey, "of another version"), Cause::Malformed(None));
    assert_eq!(cause(Outcome::InvalidKey, "lk_prod"), Cause::Unknown(Some("lk_prod".into())));
    assert_eq!(cause(Outcome::ScopeMissing, ""), Cause::Scopes(Vec::new()));
    assert_eq!(cause(Outcome::AddressNotAllowed, ""), Cause::Address(None));
}

proptest! {
    #[test]
    fn no_dead_secret_key_is_said_to_pass(
        reason in 0..Outcome::ALL.len(), detail in "([ab]:[rw] ?){0,3}", revoked: bool, age in 0..9000_i64,
    ) {
        prop_assume!(revoked || age >= 5000);
        let record = Record { revoked_at: revoked.then_some(NOW), ..record(&["a:r", "b:w"], &[]) };
        let denied = denied(Outcome::ALL[reason], &detail, Some("203.0.113.7"));
        prop_assert_ne!(Again::of(&denied, &record, NOW.plus(age)), Again::Passes);
    }
}
