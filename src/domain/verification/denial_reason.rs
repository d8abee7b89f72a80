//! Why requests are denied.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::domain::api_keys::Flaw;
use crate::domain::scopes;
use crate::domain::usage::Outcome;

/// Why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// It has no key.
    MissingKey,
    /// It has something that is not a secret key, for this reason.
    MalformedKey(Flaw),
    /// It has a secret key that does not exist and starts with this text.
    InvalidKey(String),
    /// The key has expired.
    KeyExpired,
    /// The key was revoked.
    KeyRevoked,
    /// The key was disabled.
    KeyDisabled,
    /// The secret was superseded by a newer one of the same key.
    SecretSuperseded,
    /// The key does not have these required scopes.
    ScopeMissing(BTreeSet<String>),
    /// The key may not be used from the client's address.
    AddressNotAllowed,
    /// The key is for another environment.
    EnvironmentMismatch,
}

impl DenialReason {
    /// The outcome that it is counted as.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::MissingKey => Outcome::MissingKey,
            Self::MalformedKey(_) => Outcome::MalformedKey,
            Self::InvalidKey(_) => Outcome::InvalidKey,
            Self::KeyExpired => Outcome::KeyExpired,
            Self::KeyRevoked => Outcome::KeyRevoked,
            Self::KeyDisabled => Outcome::KeyDisabled,
            Self::SecretSuperseded => Outcome::SecretSuperseded,
            Self::ScopeMissing(_) => Outcome::ScopeMissing,
            Self::AddressNotAllowed => Outcome::AddressNotAllowed,
            Self::EnvironmentMismatch => Outcome::EnvironmentMismatch,
        }
    }

    /// What is stored with a denial: the missing scopes, except text that does not have the form of
    /// a scope and could be anything; the flaw of a malformed secret key; or the start of one that
    /// does not exist. Nothing in it is secret.
    pub(super) fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::ScopeMissing(missing) => scopes_within_limit(missing).into(),
            Self::MalformedKey(flaw) => flaw.as_str().into(),
            Self::InvalidKey(start) => start.clone().into(),
            _ => "".into(),
        }
    }
}

/// The maximum length of the missing scopes that are stored with a denial, in bytes.
const MAX_DETAIL_LENGTH: usize = 200;

fn scopes_within_limit(missing: &BTreeSet<String>) -> String {
    let mut detail = String::new();
    for scope in missing.iter().filter(|scope| scopes::is_scope(scope)) {
        if detail.len() + scope.len() < MAX_DETAIL_LENGTH {
            detail.push_str(if detail.is_empty() { "" } else { " " });
            detail.push_str(scope);
        }
    }
    detail
}
