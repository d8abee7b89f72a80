//! Causes and retries after the key has changed.

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

fn denied(reason: Outcome, detail: &str, address: Option<&str>) -> Denial {
    Denial {
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
        is_disabled: false,
        secret_expires_at: NOW.plus(5000),
        superseded_at: None,
        owner: None,
    }
}

#[test]
fn a_request_passes_once_the_key_has_its_scopes() {
    let denied = denied(Outcome::ScopeMissing, "orders:read orders:write", Some("203.0.113.7"));
    let retry =
        |scopes: &[&str], addresses: &[&str]| Retry::of(&denied, &record(scopes, addresses), NOW);
    assert_eq!(retry(&["orders:read"], &[]), Retry::SameResult);
    assert_eq!(retry(&["orders:read", "orders:write"], &[]), Retry::Passes);
    assert_eq!(retry(&["orders:read", "orders:write"], &["203.0.113.7"]), Retry::Passes);
    assert_eq!(retry(&["orders:read", "orders:write"], &["203.0.113.8"]), Retry::SameResult);
}

#[test]
fn a_request_passes_once_the_whitelist_has_its_address() {
    let denied = denied(Outcome::AddressNotAllowed, "", Some("203.0.113.7"));
    let retry = |addresses: &[&str]| Retry::of(&denied, &record(&[], addresses), NOW);
    assert_eq!(retry(&["203.0.113.8"]), Retry::SameResult);
    assert_eq!(retry(&["203.0.113.8", "203.0.113.7"]), Retry::Passes);
    assert_eq!(retry(&[]), Retry::Passes);
    let without_address = self::denied(Outcome::AddressNotAllowed, "", None);
    assert_eq!(Retry::of(&without_address, &record(&[], &[]), NOW), Retry::SameResult);
}

#[test]
fn no_retry_passes_if_the_facts_are_not_known() {
    let retry = |reason, detail| {
        Retry::of(&denied(reason, detail, Some("203.0.113.7")), &record(&["a:b"], &[]), NOW)
    };
    assert_eq!(retry(Outcome::ScopeMissing, ""), Retry::SameResult);
    assert_eq!(retry(Outcome::EnvironmentMismatch, ""), Retry::SameResult);
    assert_eq!(retry(Outcome::KeyExpired, ""), Retry::SameResult);
}

#[test]
fn a_secret_that_ended_since_is_reported() {
    let inactive = [
        (Record { revoked_at: Some(NOW), ..record(&[], &[]) }, Outcome::KeyRevoked),
        (Record { superseded_at: Some(NOW), ..record(&[], &[]) }, Outcome::SecretSuperseded),
        (Record { expires_at: NOW, ..record(&[], &["203.0.113.7"]) }, Outcome::KeyExpired),
    ];
    for (record, outcome) in inactive {
        assert_eq!(super::inactive_outcome(&record, NOW), Some(outcome));
        let missing = denied(Outcome::ScopeMissing, "a:b", None);
        assert_eq!(Retry::of(&missing, &record, NOW), Retry::Inactive(outcome));
        assert_eq!(Retry::of(&denied(outcome, "", None), &record, NOW), Retry::SameResult);
    }
    assert_eq!(super::inactive_outcome(&record(&[], &["203.0.113.7"]), NOW), None);
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
    fn no_retry_with_a_dead_secret_key_passes(
        reason in 0..Outcome::ALL.len(), detail in "([ab]:[rw] ?){0,3}", revoked: bool, age in 0..9000_i64,
    ) {
        prop_assume!(revoked || age >= 5000);
        let record = Record { revoked_at: revoked.then_some(NOW), ..record(&["a:r", "b:w"], &[]) };
        let denied = denied(Outcome::ALL[reason], &detail, Some("203.0.113.7"));
        prop_assert_ne!(Retry::of(&denied, &record, NOW.plus(age)), Retry::Passes);
    }
}
