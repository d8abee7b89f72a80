//! The decision: may the bearer of this secret key pass? Pure: all it needs is given.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::record::Record;
use super::wanted::Wanted;
use crate::base::clock::Timestamp;
use crate::domain::api_keys::Flaw;
use crate::domain::scopes;
use crate::domain::usage::Outcome;

/// Where a request comes from, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Address(IpAddr),
    /// From an address that should have been told and was not, or cannot be read.
    Unknown,
    /// Nobody asked about the address: a key without a whitelist may pass.
    Untold,
}

/// Why a request may not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It bears no key.
    MissingKey,
    /// What it bears is no secret key of ours, for that reason.
    MalformedKey(Flaw),
    /// It bears a secret key that does not exist and begins like that.
    InvalidKey(String),
    /// The key's time is over.
    KeyExpired,
    /// The key was turned off.
    KeyRevoked,
    /// Another secret of the key stands in for this one.
    SecretSuperseded,
    /// These scopes are needed and missing.
    ScopeMissing(BTreeSet<String>),
    /// The key may not be used from there.
    AddressNotAllowed,
    /// The key is for another environment.
    EnvironmentMismatch,
}

impl Refusal {
    /// What it counts as.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::MissingKey => Outcome::MissingKey,
            Self::MalformedKey(_) => Outcome::MalformedKey,
            Self::InvalidKey(_) => Outcome::InvalidKey,
            Self::KeyExpired => Outcome::KeyExpired,
            Self::KeyRevoked => Outcome::KeyRevoked,
            Self::SecretSuperseded => Outcome::SecretSuperseded,
            Self::ScopeMissing(_) => Outcome::ScopeMissing,
            Self::AddressNotAllowed => Outcome::AddressNotAllowed,
            Self::EnvironmentMismatch => Outcome::EnvironmentMismatch,
        }
    }

    /// What is kept of it with a denial: the scopes that were missing, of which what is no scope,
    /// and may be anything, is left out; the flaw of a malformed secret key, and how one begins that
    /// does not exist: nothing that is secret.
    pub(super) fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::ScopeMissing(missing) => scopes_that_fit(missing).into(),
            Self::MalformedKey(flaw) => flaw.as_str().into(),
            Self::InvalidKey(start) => start.clone().into(),
            _ => "".into(),
        }
    }
}

/// The longest list of missing scopes that is kept with a denial, in bytes.
const LONGEST_DETAIL: usize = 200;

fn scopes_that_fit(missing: &BTreeSet<String>) -> String {
    let mut detail = String::new();
    for scope in missing.iter().filter(|scope| scopes::is_scope(scope)) {
        if detail.len() + scope.len() < LONGEST_DETAIL {
            detail.push_str(if detail.is_empty() { "" } else { " " });
            detail.push_str(scope);
        }
    }
    detail
}

/// Decides about the bearer of the secret key that `record` is about.
pub fn decide(
    record: &Record,
    wanted: &Wanted<'_>,
    from: From,
    now: Timestamp,
) -> Result<(), Refusal> {
    if record.revoked_at.is_some() {
        return Err(Refusal::KeyRevoked);
    }
    if record.superseded_at.is_some_and(|end| now >= end) {
        return Err(Refusal::SecretSuperseded);
    }
    if now >= record.ends_at() {
        return Err(Refusal::KeyExpired);
    }
    if wanted.environment.as_deref().is_some_and(|slug| slug != record.environment.as_str()) {
        return Err(Refusal::EnvironmentMismatch);
    }
    if !is_allowed(&record.addresses, from) {
        return Err(Refusal::AddressNotAllowed);
    }
    let granted = &record.grant.scopes;
    let is_missing = |scope: &&Cow<'_, str>| !granted.contains(scope.as_ref());
    let mut missing = wanted.scopes.iter().filter(is_missing).peekable();
    if missing.peek().is_none() {
        return Ok(());
    }
    Err(Refusal::ScopeMissing(missing.map(ToString::to_string).collect()))
}

/// A role's scopes, narrowed to a key's own selection when it has one.
pub fn effective(role: BTreeSet<String>, selected: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    match selected {
        Some(selected) => role.intersection(selected).cloned().collect(),
        None => role,
    }
}

impl From {
    /// The address, as far as it is known.
    pub fn address(self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address.to_canonical()),
            Self::Unknown | Self::Untold => None,
        }
    }
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
pub(super) mod tests {
    use super::*;
    use crate::domain::api_keys::{Environment, KeyId};
    use crate::domain::usage::Secret;
    use crate::domain::verification::Grant;
    use proptest::prelude::*;
    use smallvec::{SmallVec, smallvec};
    use std::sync::Arc;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);
    const HERE: From = From::Address(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)));

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
            secret_expires_at: NOW.plus(1000),
            superseded_at: None,
        }
    }

    fn granted(scopes: BTreeSet<String>) -> Arc<Grant> {
        Arc::new(Grant::new("billing", scopes).expect("a grant"))
    }

    fn wanting<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Wanted<'a> {
        Wanted { scopes: scopes.into_iter().map(Cow::Borrowed).collect(), environment: None }
    }

    fn outcome(record: &Record, wanted: &Wanted<'_>, from: From) -> &'static str {
        decide(record, wanted, from, NOW)
            .map_or_else(|refusal| refusal.outcome().as_str(), |()| "pass")
    }

    #[test]
    fn the_state_of_key_and_secret_comes_first() {
        let plain = record();
        let revoked = Record { revoked_at: Some(NOW), expires_at: NOW, ..record() };
        let over = Record { expires_at: NOW, ..record() };
        let secret_over = Record { secret_expires_at: NOW, ..record() };
        let superseded = Record { superseded_at: Some(NOW), ..record() };
        let overlapping = Record { superseded_at: Some(NOW.plus(1)), ..record() };
        let wanted = wanting(["orders:write"]);
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
    fn every_scope_wanted_is_needed() {
        assert_eq!(outcome(&record(), &wanting(["orders:read", "invoices:write"]), HERE), "pass");
        assert_eq!(
            outcome(&record(), &wanting(["orders:read", "orders:write"]), HERE),
            "scope_missing"
        );
    }

    #[test]
    fn the_whitelist_knows_every_spelling_and_no_unknown_address() {
        let address = |text: &str| From::Address(text.parse().expect("an address"));
        let listed =
            Record { addresses: smallvec!["203.0.113.7".parse().expect("one")], ..record() };
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
        let wanting =
            |slug: &'static str| Wanted { environment: Some(slug.into()), ..Wanted::default() };
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
            let scopes = effective(role.clone(), selected.as_ref());
            let record = Record { grant: granted(scopes), ..record() };
            let all: BTreeSet<String> = few.union(&more).cloned().collect();
            if outcome(&record, &wanting(all.iter().map(String::as_str)), HERE) == "pass" {
                let few = wanting(few.iter().map(String::as_str));
                prop_assert_eq!(outcome(&record, &few, HERE), "pass");
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
            let mut wanted = wanting(scopes.iter().map(String::as_str));
            wanted.environment = environment.as_deref().map(Cow::Borrowed);
            let verdict = decide(&record, &wanted, HERE, NOW.plus(age));
            prop_assert!(verdict.is_err());
        }
    }
}
