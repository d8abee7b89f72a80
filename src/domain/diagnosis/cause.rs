//! Why a request was denied, given the key as it is now. Pure.

use std::net::{IpAddr, Ipv4Addr};

use super::CurrentKey;
use crate::base::clock::Timestamp;
use crate::domain::api_keys::Flaw;
use crate::domain::usage::Outcome;
use crate::domain::usage::denials::Denial;
use crate::domain::verification::{ClientAddress, Record, Requirements, decide};

/// Why a request was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It had no key.
    MissingKey,
    /// It had something that is not a secret key. Contains the flaw, if it was stored.
    Malformed(Option<Flaw>),
    /// It had a secret key that does not exist. Contains its start, for example `lk_prod`, if it
    /// was stored.
    Unknown(Option<String>),
    /// The key had expired.
    Expired,
    /// The key was revoked.
    Revoked,
    /// The key was disabled.
    Disabled,
    /// A newer secret of the key had superseded this one.
    Superseded,
    /// The key lacked these scopes; empty if they were not stored.
    Scopes(Vec<(String, MissingScope)>),
    /// The key may not be used from this address; `None` if no address was reported.
    Address(Option<String>),
    /// The key is for another environment.
    Environment,
}

/// Why a key lacked a scope, as far as the key shows it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingScope {
    /// The key has the scope by now.
    NowGranted,
    /// The role includes the scope, but it is not selected for the key.
    NotSelected,
    /// The role does not include the scope.
    NotInRole,
    /// There is no such scope.
    NoSuchScope,
}

/// What would happen if the request were sent again now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would be allowed, as far as is known.
    Passes,
    /// It would still be denied, or the result is not known.
    SameResult,
    /// It would be denied for this reason, which did not apply before.
    Inactive(Outcome),
}

impl Cause {
    /// Why `denied` was denied. `key` is the key whose secret it had.
    pub fn of(denied: &Denial, key: Option<&CurrentKey>) -> Self {
        let detail = Some(denied.detail.as_str()).filter(|detail| !detail.is_empty());
        match denied.reason {
            Outcome::Pass | Outcome::MissingKey => Self::MissingKey,
            Outcome::MalformedKey => Self::Malformed(detail.and_then(Flaw::parse)),
            Outcome::InvalidKey => Self::Unknown(detail.map(str::to_owned)),
            Outcome::KeyExpired => Self::Expired,
            Outcome::KeyRevoked => Self::Revoked,
            Outcome::KeyDisabled => Self::Disabled,
            Outcome::SecretSuperseded => Self::Superseded,
            Outcome::AddressNotAllowed => Self::Address(denied.address.clone()),
            Outcome::EnvironmentMismatch => Self::Environment,
            Outcome::ScopeMissing => {
                let missing_scope = |scope: &str| {
                    key.map_or(MissingScope::NotInRole, |key| key.missing_scope(scope))
                };
                let missing = denied.detail.split_whitespace();
                Self::Scopes(
                    missing.map(|scope| (scope.to_owned(), missing_scope(scope))).collect(),
                )
            }
        }
    }

    /// The only possible cause when a secret key no longer works.
    pub fn of_inactive_secret(outcome: Outcome) -> Self {
        match outcome {
            Outcome::KeyRevoked => Self::Revoked,
            Outcome::KeyDisabled => Self::Disabled,
            Outcome::SecretSuperseded => Self::Superseded,
            _ => Self::Expired,
        }
    }
}

impl Retry {
    /// What would happen to `denied` now, with the secret key of `record`. Only the missing scopes
    /// were stored, so only these and the address are checked.
    pub fn of(denied: &Denial, record: &Record, now: Timestamp) -> Self {
        if let Some(outcome) = inactive_outcome(record, now) {
            return if outcome == denied.reason {
                Self::SameResult
            } else {
                Self::Inactive(outcome)
            };
        }
        let is_known = match denied.reason {
            Outcome::ScopeMissing => !denied.detail.is_empty(),
            Outcome::AddressNotAllowed => denied.address.is_some(),
            _ => false,
        };
        let mut requirements = Requirements::default();
        requirements.require(denied.detail.as_str().into());
        let address = denied.address.as_deref().and_then(|address| address.parse().ok());
        // If the address was not stored, a key without a whitelist can still be checked.
        let from = address.map_or(ClientAddress::NotRequired, ClientAddress::Known);
        match decide(record, &requirements, from, now) {
            Ok(()) if is_known => Self::Passes,
            _ => Self::SameResult,
        }
    }
}

/// Why no request with a secret key is allowed, whatever its scopes and address are.
pub(super) fn inactive_outcome(record: &Record, now: Timestamp) -> Option<Outcome> {
    let anywhere = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let from = ClientAddress::Known(record.addresses.first().copied().unwrap_or(anywhere));
    decide(record, &Requirements::default(), from, now)
        .err()
        .map(|denial_reason| denial_reason.outcome())
}

#[cfg(test)]
#[path = "cause_tests.rs"]
mod tests;
