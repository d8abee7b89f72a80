//! A rotation's overlap on pages: both secrets, and whether the old one can be stopped.

use super::words::{ago, moment, requests};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, ApiKey, StoredSecret};
use crate::domain::usage::{self, LastDay};

/// Two secrets that work.
pub(super) struct Overlapping {
    /// When the old secret stops working: `30 Nov, 14:06`.
    pub until: String,
    pub new: SecretView,
    pub old: SecretView,
    /// Whether the old secret has been unused for long enough.
    pub is_safe: bool,
}

pub(super) struct SecretView {
    pub made: String,
    pub used: String,
    pub address: Option<String>,
    pub last_day: String,
}

impl Overlapping {
    /// The overlap of `key`, if two of its secrets work.
    pub(super) fn read(
        connection: &mut Connection,
        key: &ApiKey,
        now: Timestamp,
    ) -> Result<Option<Self>> {
        if key.revoked_at.is_some() {
            return Ok(None);
        }
        let secrets = api_keys::secrets(connection, &key.id)?;
        let old = secrets.iter().find(|secret| secret.overlaps(now));
        let (Some(new), Some(old)) = (secrets.first(), old) else { return Ok(None) };
        let passed = usage::last_day_by_secret(connection, &key.id, now)?;
        let view = |secret: &StoredSecret| SecretView {
            made: moment(secret.created_at),
            used: secret.last_used_at.map_or("Never".into(), |at| ago(at, now)),
            address: secret.last_used_address.clone(),
            last_day: requests(LastDay {
                passed: passed.get(&secret.number).copied().unwrap_or_default(),
                addresses: 0,
            }),
        };
        let is_safe = now >= old.safe_to_end_at(new);
        let until = moment(old.ends_at());
        Ok(Some(Self { until, new: view(new), old: view(old), is_safe }))
    }
}
