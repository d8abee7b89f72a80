//! The decision whether a request with a secret key is allowed. Pure: all inputs are arguments.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::denial_reason::DenialReason;
use super::record::Record;
use super::requirements::Requirements;
use crate::base::clock::Timestamp;

/// The address that a request comes from, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAddress {
    Known(IpAddr),
    /// The address should have been sent, but is missing or cannot be read.
    Missing,
    /// The caller did not ask about the address, so only a key without a whitelist is allowed.
    NotRequired,
}

/// Decides a request with the secret key in `record`.
pub fn decide(
    record: &Record,
    requirements: &Requirements<'_>,
    from: ClientAddress,
    now: Timestamp,
) -> Result<(), DenialReason> {
    if record.revoked_at.is_some() {
        return Err(DenialReason::KeyRevoked);
    }
    if record.is_disabled {
        return Err(DenialReason::KeyDisabled);
    }
    if record.superseded_at.is_some_and(|end| now >= end) {
        return Err(DenialReason::SecretSuperseded);
    }
    if now >= record.ends_at() {
        return Err(DenialReason::KeyExpired);
    }
    if requirements.environment.as_deref().is_some_and(|slug| slug != record.environment.as_str()) {
        return Err(DenialReason::EnvironmentMismatch);
    }
    if !is_allowed(&record.addresses, from) {
        return Err(DenialReason::AddressNotAllowed);
    }
    let granted = &record.grant.scopes;
    let is_missing = |scope: &&Cow<'_, str>| !granted.contains(scope.as_ref());
    let mut missing = requirements.scopes.iter().filter(is_missing).peekable();
    if missing.peek().is_none() {
        return Ok(());
    }
    Err(DenialReason::ScopeMissing(missing.map(ToString::to_string).collect()))
}

/// A role's scopes, restricted to the key's own selection if it has one.
pub fn effective(role: BTreeSet<String>, selected: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    match selected {
        Some(selected) => role.intersection(selected).cloned().collect(),
        None => role,
    }
}

impl ClientAddress {
    /// The address, if it is known.
    pub fn address(self) -> Option<IpAddr> {
        match self {
            Self::Known(address) => Some(address.to_canonical()),
            Self::Missing | Self::NotRequired => None,
        }
    }
}

/// A missing address is always denied, because it cannot be checked.
fn is_allowed(addresses: &[IpAddr], from: ClientAddress) -> bool {
    match from {
        ClientAddress::Missing => false,
        ClientAddress::NotRequired => addresses.is_empty(),
        ClientAddress::Known(address) => {
            addresses.is_empty() || addresses.contains(&address.to_canonical())
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::api_keys::{Environment, KeyId};
    use crate::domain::usage::Secret;
    use crate::domain::verification::Grant;
    use proptest::prelude::*;
    use smallvec::{SmallVec, smallvec};
    use std::sync::Arc;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);
    const ADDRESS: ClientAddress =
        ClientAddress::Known(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)));

    fn set(scopes: &[&str]) -> BTreeSet<String> {
        scopes.iter().map(ToString::to_string).collect()
    }

    pub(in crate::domain::verification) fn record() -> Record {
        let key_id = KeyId::parse("key_7QF2M8KDX4TN").expect("a Key ID");
        Record {
            secret: Secret { key_id, number: 1 },
            environment: Environment::Production,
            grant: granted(set(&["invoices:read", "invoices:write", "orders:read"])),
            addresses: SmallVec::new(),
            created_at: NOW.plus(-1000),
            expires_at: NOW.plus(1000),
            revoked_at: None,
            is_disabled: false,
            secret_expires_at: NOW.plus(1000),
            superseded_at: None,
            owner: None,
        }
    }

    fn granted(scopes: BTreeSet<String>) -> Arc<Grant> {
        Arc::new(Grant::new("billing", scopes).expect("a grant"))
    }

    fn requiring<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Requirements<'a> {
        let scopes = scopes.into_iter().map(Cow::Borrowed).collect();
        Requirements { scopes, ..Requirements::default() }
    }

    fn outcome(
        record: &Record,
        requirements: &Requirements<'_>,
        from: ClientAddress,
    ) -> &'static str {
        decide(record, requirements, from, NOW)
            .map_or_else(|denial_reason| denial_reason.outcome().as_str(), |()| "pass")
    }

    #[test]
    fn the_state_of_the_key_and_secret_is_checked_first() {
        let valid = record();
        let revoked = Record { revoked_at: Some(NOW), expires_at: NOW, ..record() };
        let expired = Record { expires_at: NOW, ..record() };
        let secret_expired = Record { secret_expires_at: NOW, ..record() };
        let superseded = Record { superseded_at: Some(NOW), ..record() };
        let overlapping = Record { superseded_at: Some(NOW.plus(1)), ..record() };
        let requirements = requiring(["orders:write"]);
        for (record, expected) in [
            (&valid, "scope_missing"),
            (&revoked, "key_revoked"),
            (&expired, "key_expired"),
            (&secret_expired, "key_expired"),
            (&superseded, "secret_superseded"),
            (&overlapping, "scope_missing"),
        ] {
            assert_eq!(outcome(record, &requirements, ADDRESS), expected);
        }
    }

    #[test]
    fn every_requested_scope_is_required() {
        assert_eq!(
            outcome(&record(), &requiring(["orders:read", "invoices:write"]), ADDRESS),
            "pass"
        );
        assert_eq!(
            outcome(&record(), &requiring(["orders:read", "orders:write"]), ADDRESS),
            "scope_missing"
        );
    }

    #[test]
    fn the_whitelist_matches_every_spelling_and_denies_missing_addresses() {
        let address = |text: &str| ClientAddress::Known(text.parse().expect("an address"));
        let listed =
            Record { addresses: smallvec!["203.0.113.7".parse().expect("an address")], ..record() };
        let nothing = Requirements::default();
        assert_eq!(outcome(&listed, &nothing, address("::ffff:203.0.113.7")), "pass");
        assert_eq!(outcome(&listed, &nothing, address("203.0.113.8")), "address_not_allowed");
        assert_eq!(outcome(&listed, &nothing, ClientAddress::Missing), "address_not_allowed");
        assert_eq!(outcome(&record(), &nothing, ClientAddress::Missing), "address_not_allowed");
        assert_eq!(outcome(&listed, &nothing, ClientAddress::NotRequired), "address_not_allowed");
        assert_eq!(outcome(&record(), &nothing, ClientAddress::NotRequired), "pass");
    }

    #[test]
    fn a_requested_environment_must_match_the_keys() {
        let requiring = |slug: &'static str| Requirements {
            environment: Some(slug.into()),
            ..Requirements::default()
        };
        assert_eq!(outcome(&record(), &requiring("production"), ADDRESS), "pass");
        for slug in ["staging", "", "PRODUCTION", "production "] {
            assert_eq!(
                outcome(&record(), &requiring(slug), ADDRESS),
                "environment_mismatch",
                "{slug:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn requesting_more_scopes_never_turns_a_denial_into_a_pass(
            few in proptest::collection::btree_set("[ab]:[rw]", 0..4),
            more in proptest::collection::btree_set("[ab]:[rw]", 0..4),
            role in proptest::collection::btree_set("[ab]:[rw]", 0..4),
            selected in proptest::option::of(proptest::collection::btree_set("[ab]:[rw]", 0..4)),
        ) {
            let scopes = effective(role.clone(), selected.as_ref());
            let record = Record { grant: granted(scopes), ..record() };
            let all: BTreeSet<String> = few.union(&more).cloned().collect();
            if outcome(&record, &requiring(all.iter().map(String::as_str)), ADDRESS) == "pass" {
                let few = requiring(few.iter().map(String::as_str));
                prop_assert_eq!(outcome(&record, &few, ADDRESS), "pass");
                prop_assert!(all.is_subset(&role), "a key must not have more scopes than its role");
            }
        }

        #[test]
        fn a_revoked_or_expired_key_never_passes(
            revoked: bool, age in 0..2000_i64, scopes in proptest::collection::btree_set("[ab]:[rw]", 0..3),
            environment in proptest::option::of("production|staging"),
        ) {
            prop_assume!(revoked || age >= 1000);
            let record = Record { revoked_at: revoked.then_some(NOW), ..record() };
            let mut requirements = requiring(scopes.iter().map(String::as_str));
            requirements.environment = environment.as_deref().map(Cow::Borrowed);
            let verdict = decide(&record, &requirements, ADDRESS, NOW.plus(age));
            prop_assert!(verdict.is_err());
        }
    }
}
