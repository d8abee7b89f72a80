//! The decision: may the bearer of this secret key pass? Pure: all it needs is given.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::api_keys::{Environment, KeyId};
use crate::clock::Timestamp;

/// What is known of a genuine secret key and of the API key that it belongs to.
#[derive(Clone, Debug)]
pub struct Record {
    /// The API key.
    pub key_id: KeyId,
    /// What the key is for.
    pub environment: Environment,
    /// The slug of its role.
    pub role: String,
    /// The role's scopes as they stand.
    pub role_scopes: BTreeSet<String>,
    /// The key's own selection, if it has one.
    pub selected: Option<BTreeSet<String>>,
    /// Where it may be used from; empty: anywhere.
    pub addresses: Vec<IpAddr>,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key expires.
    pub expires_at: Timestamp,
    /// When the key was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When this secret expires.
    pub secret_expires_at: Timestamp,
    /// From when on another secret of the key stands in for this one.
    pub superseded_at: Option<Timestamp>,
}

/// What a request needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Scopes, all of which are needed.
    pub scopes: BTreeSet<String>,
    /// The environment that the key must be of, by its slug.
    pub environment: Option<String>,
}

/// Where a request comes from, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// From that address.
    Address(IpAddr),
    /// From an address that should have been told and was not, or cannot be read.
    Unknown,
    /// Nobody asked about the address: a key without a whitelist may pass.
    Untold,
}

/// Whether a request may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may, as this key.
    Pass(Identity),
    /// It may not.
    Refuse(Refusal),
}

/// Whose request it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The API key.
    pub key_id: KeyId,
    /// The slug of its role.
    pub role: String,
    /// What it may do: the role's scopes, narrowed to the key's own selection.
    pub scopes: BTreeSet<String>,
    /// What the key is for.
    pub environment: Environment,
    /// When the key was created.
    pub created_at: Timestamp,
    /// From when on the secret no longer passes.
    pub expires_at: Timestamp,
}

/// Why a request may not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It bears no key.
    MissingKey,
    /// What it bears is no secret key of ours.
    MalformedKey,
    /// It bears a secret key that does not exist.
    InvalidKey,
    /// The key's time is over.
    KeyExpired,
    /// The key was turned off.
    KeyRevoked,
    /// Another secret of the key stands in for this one.
    SecretSuperseded,
    /// These scopes are needed and missing.
    ScopeMissing(Vec<String>),
    /// The key may not be used from there.
    AddressNotAllowed,
    /// The key is for another environment.
    EnvironmentMismatch,
}

impl Refusal {
    /// The code that stands in answers.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingKey => "missing_key",
            Self::MalformedKey => "malformed_key",
            Self::InvalidKey => "invalid_key",
            Self::KeyExpired => "key_expired",
            Self::KeyRevoked => "key_revoked",
            Self::SecretSuperseded => "secret_superseded",
            Self::ScopeMissing(_) => "scope_missing",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::EnvironmentMismatch => "environment_mismatch",
        }
    }
}

/// Decides about the bearer of the secret key that `record` is about.
#[must_use]
pub fn decide(record: &Record, wanted: &Wanted, from: From, now: Timestamp) -> Verdict {
    let expires_at = record.expires_at.min(record.secret_expires_at);
    let scopes: BTreeSet<String> = match &record.selected {
        Some(selected) => record.role_scopes.intersection(selected).cloned().collect(),
        None => record.role_scopes.clone(),
    };
    let refusal = if record.revoked_at.is_some() {
        Refusal::KeyRevoked
    } else if record.superseded_at.is_some_and(|end| now >= end) {
        Refusal::SecretSuperseded
    } else if now >= expires_at {
        Refusal::KeyExpired
    } else if wanted.environment.as_deref().is_some_and(|slug| slug != record.environment.slug()) {
        Refusal::EnvironmentMismatch
    } else if !is_allowed(&record.addresses, from) {
        Refusal::AddressNotAllowed
    } else {
        let missing: Vec<String> = wanted.scopes.difference(&scopes).cloned().collect();
        if missing.is_empty() {
            return Verdict::Pass(Identity {
                key_id: record.key_id.clone(),
                role: record.role.clone(),
                scopes,
                environment: record.environment,
                created_at: record.created_at,
                expires_at,
            });
        }
        Refusal::ScopeMissing(missing)
    };
    Verdict::Refuse(refusal)
}

/// An address that nobody told is never allowed: what cannot be checked is refused.
fn is_allowed(addresses: &[IpAddr], from: From) -> bool {
    match from {
        From::Unknown => false,
        From::Untold => addresses.is_empty(),
        From::Address(address) => {
            addresses.is_empty() || addresses.contains(&address.to_canonical())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);
    const HERE: From = From::Address(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)));

    fn set(scopes: &[&str]) -> BTreeSet<String> {
        scopes.iter().map(ToString::to_string).collect()
    }

    fn record() -> Record {
        Record {
            key_id: KeyId::parse("key_7QF2M8KDX4TN").expect("a Key ID"),
            environment: Environment::Production,
            role: "billing".into(),
            role_scopes: set(&["invoices:read", "invoices:write", "orders:read"]),
            selected: None,
            addresses: Vec::new(),
            created_at: NOW.plus(-1000),
            expires_at: NOW.plus(1000),
            revoked_at: None,
            secret_expires_at: NOW.plus(1000),
            superseded_at: None,
        }
    }

    fn wanting(scopes: &[&str]) -> Wanted {
        Wanted { scopes: set(scopes), environment: None }
    }

    fn outcome(record: &Record, wanted: &Wanted, from: From) -> &'static str {
        match decide(record, wanted, from, NOW) {
            Verdict::Pass(_) => "pass",
            Verdict::Refuse(refusal) => refusal.code(),
        }
    }

    #[test]
    fn the_state_of_key_and_secret_comes_first() {
        let plain = record();
        let revoked = Record { revoked_at: Some(NOW), expires_at: NOW, ..record() };
        let over = Record { expires_at: NOW, ..record() };
        let secret_over = Record { secret_expires_at: NOW, ..record() };
        let superseded = Record { superseded_at: Some(NOW), ..record() };
        let overlapping = Record { superseded_at: Some(NOW.plus(1)), ..record() };
        let wanted = wanting(&["orders:write"]);
        for (record, expected) in [
            (&plain, "scope_missing"),
            (&revoked, "key_revoked"),
            (&over, "key_expired"),
            (&secret_over, "key_expired"),
            (&superseded, "secret_superseded"),
            (&overlapping, "scope_missing"),
        ] {
            assert_eq!(outcome(record, &wanted, HERE), expected);
        }
    }

    #[test]
    fn every_scope_wanted_is_needed_within_role_and_selection() {
        let narrowed = Record { selected: Some(set(&["orders:read", "orders:write"])), ..record() };
        assert_eq!(outcome(&record(), &wanting(&["orders:read", "invoices:write"]), HERE), "pass");
        assert_eq!(outcome(&narrowed, &wanting(&["orders:read"]), HERE), "pass");
        assert_eq!(
            outcome(&narrowed, &wanting(&["orders:read", "invoices:read"]), HERE),
            "scope_missing"
        );
        assert_eq!(
            outcome(&narrowed, &wanting(&["orders:write"]), HERE),
            "scope_missing",
            "beyond the role"
        );
    }

    #[test]
    fn the_whitelist_knows_every_spelling_and_no_unknown_address() {
        let address = |text: &str| From::Address(text.parse().expect("an address"));
        let listed = Record { addresses: vec!["203.0.113.7".parse().expect("one")], ..record() };
        let nothing = Wanted::default();
        assert_eq!(outcome(&listed, &nothing, address("::ffff:203.0.113.7")), "pass");
        assert_eq!(outcome(&listed, &nothing, address("203.0.113.8")), "address_not_allowed");
        assert_eq!(outcome(&listed, &nothing, From::Unknown), "address_not_allowed");
        assert_eq!(outcome(&record(), &nothing, From::Unknown), "address_not_allowed");
        assert_eq!(outcome(&listed, &nothing, From::Untold), "address_not_allowed");
        assert_eq!(outcome(&record(), &nothing, From::Untold), "pass");
    }

    #[test]
    fn an_environment_that_is_asked_for_must_be_the_key_s() {
        let wanting = |slug: &str| Wanted { environment: Some(slug.into()), ..Wanted::default() };
        assert_eq!(outcome(&record(), &wanting("production"), HERE), "pass");
        for slug in ["staging", "", "PRODUCTION", "production "] {
            assert_eq!(
                outcome(&record(), &wanting(slug), HERE),
                "environment_mismatch",
                "{slug:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn wanting_more_never_turns_a_refusal_into_a_pass(
            few in proptest::collection::btree_set("[ab]:[rw]", 0..4),
            more in proptest::collection::btree_set("[ab]:[rw]", 0..4),
            role in proptest::collection::btree_set("[ab]:[rw]", 0..4),
            selected in proptest::option::of(proptest::collection::btree_set("[ab]:[rw]", 0..4)),
        ) {
            let record = Record { role_scopes: role.clone(), selected, ..record() };
            let wanted = |scopes| Wanted { scopes, environment: None };
            let all: BTreeSet<String> = few.union(&more).cloned().collect();
            if outcome(&record, &wanted(all.clone()), HERE) == "pass" {
                prop_assert_eq!(outcome(&record, &wanted(few), HERE), "pass");
                prop_assert!(all.is_subset(&role), "nothing grants beyond the role");
            }
        }

        #[test]
        fn nothing_makes_a_dead_key_pass(
            revoked: bool, age in 0..2000_i64, scopes in proptest::collection::btree_set("[ab]:[rw]", 0..3),
            environment in proptest::option::of("production|staging"),
        ) {
            prop_assume!(revoked || age >= 1000);
            let record = Record { revoked_at: revoked.then_some(NOW), ..record() };
            let verdict = decide(&record, &Wanted { scopes, environment }, HERE, NOW.plus(age));
            prop_assert!(matches!(verdict, Verdict::Refuse(_)));
        }
    }
}
