//! The data of a genuine secret key, as it is read and cached.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::domain::api_keys::Environment;
use crate::domain::usage::Secret;

/// The data of a genuine secret key and of the API key that it belongs to.
#[derive(Clone, Debug)]
pub struct Record {
    /// The API key, and the number of the secret.
    pub secret: Secret,
    pub environment: Environment,
    /// The key's permissions.
    pub grant: Arc<Grant>,
    /// The addresses that it may be used from; empty for any address. Most keys have only a few,
    /// which are stored inline.
    pub addresses: Vec<IpAddr>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub secret_expires_at: Timestamp,
    /// From when on a newer secret of the key replaces this one.
    pub superseded_at: Option<Timestamp>,
}

impl Record {
    /// When the secret key stops working.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.secret_expires_at)
    }
}

/// The permissions of keys with the same role and the same scopes, which many keys share. The texts
/// are ready to use as response headers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The slug of the role.
    pub role: HeaderValue,
    /// The role's scopes, restricted to the key's own selection if it has one.
    pub scopes: BTreeSet<Arc<str>>,
    /// The scopes as one text, separated by spaces.
    pub scopes_text: HeaderValue,
}

impl Grant {
    /// The permissions of a key with this role and these scopes.
    pub fn new(role: &str, scopes: BTreeSet<String>) -> Result<Self> {
        let list: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
        let (role, scopes_text) = (value(role)?, value(&list.join(" "))?);
        Ok(Self { role, scopes_text, scopes: scopes.into_iter().map(Arc::from).collect() })
    }
}
