//! The data of a genuine secret key, as it is read and cached.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;
use smallvec::SmallVec;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::domain::api_keys::{Environment, Labels, NO_OWNER, Owner};
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
    pub addresses: SmallVec<[IpAddr; 3]>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub is_disabled: bool,
    pub secret_expires_at: Timestamp,
    /// From when on a newer secret of the key replaces this one.
    pub superseded_at: Option<Timestamp>,
    /// Whose key it is; `None` if it has neither an owner nor labels, like most keys.
    pub owner: Option<Box<OwnerHeaders>>,
}

impl Record {
    /// When the secret key stops working.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.secret_expires_at)
    }

    /// The owner as a header. It is never empty, because some gateways would then forward the
    /// client's own.
    pub fn owner(&self) -> HeaderValue {
        let owner = self.owner.as_ref().and_then(|headers| headers.owner.clone());
        owner.unwrap_or(HeaderValue::from_static(NO_OWNER))
    }

    /// The labels, if there are any and the settings allow them to be sent.
    pub fn labels(&self) -> Option<&LabelsHeader> {
        self.owner.as_ref()?.labels.as_ref()
    }
}

/// Whose key it is, ready to use as response headers.
#[derive(Clone, Debug)]
pub struct OwnerHeaders {
    owner: Option<HeaderValue>,
    labels: Option<LabelsHeader>,
}

/// A key's labels, and the value of their header.
#[derive(Clone, Debug)]
pub struct LabelsHeader {
    pub labels: Labels,
    pub header: HeaderValue,
}

impl OwnerHeaders {
    /// The headers of a key; `None` if it has neither an owner nor labels.
    pub(super) fn new(owner: &Owner, labels: Labels) -> Result<Option<Box<Self>>> {
        let value = |text: &str| match text {
            "" => Ok(None),
            text => HeaderValue::from_str(text).map(Some).map_err(Error::internal),
        };
        let header = value(&labels.header())?;
        let labels = header.map(|header| LabelsHeader { labels, header });
        let headers = Self { owner: value(owner.as_str())?, labels };
        let is_any = headers.owner.is_some() || headers.labels.is_some();
        Ok(is_any.then(|| Box::new(headers)))
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
