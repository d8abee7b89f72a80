//! What is known of a genuine secret key, as it is read and remembered.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;
use smallvec::SmallVec;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::domain::api_keys::Environment;
use crate::domain::usage::Secret;

/// What is known of a genuine secret key and of the API key that it belongs to.
#[derive(Clone, Debug)]
pub struct Record {
    /// The API key, and which of its secrets.
    pub secret: Secret,
    /// What the key is for.
    pub environment: Environment,
    /// What the key may do.
    pub grant: Arc<Grant>,
    /// Where it may be used from; empty: anywhere. Most keys have a few, which are at hand here.
    pub addresses: SmallVec<[IpAddr; 3]>,
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

impl Record {
    /// From when on the secret key no longer passes.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.secret_expires_at)
    }
}

/// What keys may do that have the same role and the same scopes, which most have in common; its
/// texts are ready to stand in an answer's headers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The slug of the role.
    pub role: HeaderValue,
    /// The role's scopes, narrowed to the key's own selection when it has one.
    pub scopes: BTreeSet<Arc<str>>,
    /// The same in one text, separated by spaces.
    pub scopes_text: HeaderValue,
}

impl Grant {
    /// What a key with that role may do.
    pub fn new(role: &str, scopes: BTreeSet<String>) -> Result<Self> {
        let list: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
        let (role, scopes_text) = (value(role)?, value(&list.join(" "))?);
        Ok(Self { role, scopes_text, scopes: scopes.into_iter().map(Arc::from).collect() })
    }
}
