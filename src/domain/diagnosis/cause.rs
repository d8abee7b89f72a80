//! Why a request was refused, in view of the key as it stands now. Pure.

use std::net::{IpAddr, Ipv4Addr};

use super::KeyNow;
use crate::base::clock::Timestamp;
use crate::domain::api_keys::Flaw;
use crate::domain::usage::Outcome;
use crate::domain::usage::denials::Denied;
use crate::domain::verification::{From, Record, Wanted, decide};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It bore no key.
    MissingKey,
    /// It bore something that is no secret key; the flaw, if it was kept.
    Malformed(Option<Flaw>),
    /// It bore a secret key that does not exist; how that begins, as `lk_prod`, if it was kept.
    Unknown(Option<String>),
    /// The key's time was over.
    Expired,
    /// The key was revoked.
    Revoked,
    /// Another secret of the key stood in for this one.
    Superseded,
    /// Scopes that the key lacked; none when they were not kept.
    Scopes(Vec<(String, Lack)>),
    /// The key may not be used from that address; none when nobody told one.
    Address(Option<String>),
    /// The key is for another environment.
    Environment,
}

/// How a key stands to a scope that it lacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It has it by now.
    Over,
    /// Its role includes it, but it is not ticked.
    NotTicked,
    /// Its role does not include it.
    NotInRole,
    /// There is no such scope.
    NoSuchScope,
}

/// What would become of the same request now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It would pass, as far as is known of it.
    Passes,
    /// It would be refused all the same, or that is not known.
    Alike,
    /// It would be refused for this reason, which has come up since.
    Dead(Outcome),
}

impl Cause {
    /// Why `denied` was refused; `key` is the one whose secret it bore.
    pub fn of(denied: &Denied, key: Option<&KeyNow>) -> Self {
        let detail = Some(denied.detail.as_str()).filter(|detail| !detail.is_empty());
        match denied.reason {
            Outcome::Pass | Outcome::MissingKey => Self::MissingKey,
            Outcome::MalformedKey => Self::Malformed(detail.and_then(Flaw::parse)),
            Outcome::InvalidKey => Self::Unknown(detail.map(str::to_owned)),
            Outcome::KeyExpired => Self::Expired,
            Outcome::KeyRevoked => Self::Revoked,
            Outcome::SecretSuperseded => Self::Superseded,
            Outcome::AddressNotAllowed => Self::Address(denied.address.clone()),
            Outcome::EnvironmentMismatch => Self::Environment,
            Outcome::ScopeMissing => {
                let lack = |scope: &str| key.map_or(Lack::NotInRole, |key| key.lack(scope));
                let missing = denied.detail.split_whitespace();
                Self::Scopes(missing.map(|scope| (scope.to_owned(), lack(scope))).collect())
            }
        }
    }

    /// The cause that is all there is to say of a secret key which does not pass at all.
    pub fn of_dead(outcome: Outcome) -> Self {
        match outcome {
            Outcome::KeyRevoked => Self::Revoked,
            Outcome::SecretSuperseded => Self::Superseded,
            _ => Self::Expired,
        }
    }
}

impl Again {
    /// What would become of `denied` now, with the secret key that `record` is about. Only the scopes
    /// that were missing are known, and only they decide beside the address.
    pub fn of(denied: &Denied, record: &Record, now: Timestamp) -> Self {
        if let Some(outcome) = dead(record, now) {
            return if outcome == denied.reason { Self::Alike } else { Self::Dead(outcome) };
        }
        let is_known = match denied.reason {
            Outcome::ScopeMissing => !denied.detail.is_empty(),
            Outcome::AddressNotAllowed => denied.address.is_some(),
            _ => false,
        };
        let mut wanted = Wanted::default();
        wanted.need(denied.detail.as_str().into());
        let address = denied.address.as_deref().and_then(|address| address.parse().ok());
        // Without a whitelist an address that was not kept tells nothing either way.
        let from = address.map_or(From::Untold, From::Address);
        match decide(record, &wanted, from, now) {
            Ok(()) if is_known => Self::Passes,
            _ => Self::Alike,
        }
    }
}

/// Why a secret key does not pass, whatever is asked and from wherever.
pub(super) fn dead(record: &Record, now: Timestamp) -> Option<Outcome> {
    let anywhere = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let from = From::Address(record.addresses.first().copied().unwrap_or(anywhere));
    decide(record, &Wanted::default(), from, now).err().map(|refusal| refusal.outcome())
}

#[cfg(test)]
#[path = "cause_tests.rs"]
mod tests;
