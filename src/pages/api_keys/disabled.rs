//! What pages show of a disabled key: since when, why, and what happens next.

use super::words::moment;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::api_keys::{ApiKey, FollowUp, Status};
use crate::domain::disabling;

pub(super) struct DisabledFacts {
    /// When it was disabled, for people and for machines.
    pub since: String,
    pub since_at: String,
    /// The member who disabled it.
    pub by: String,
    pub reason: String,
    /// `It will be revoked on 7 Dec, 14:06.`
    pub next: String,
    /// `3 requests`, `No requests`: since it was disabled.
    pub requests: String,
}

impl DisabledFacts {
    /// `None` if the key is not disabled.
    pub(super) fn load(
        connection: &mut Connection,
        key: &ApiKey,
        now: Timestamp,
    ) -> Result<Option<Self>> {
        let Some(at) = key.disabling.at.filter(|_| key.status(now) == Status::Disabled) else {
            return Ok(None);
        };
        let requests = disabling::requests_since(connection, key)?;
        Ok(Some(Self {
            since: moment(at),
            since_at: at.rfc_3339(),
            by: disabling::disabled_by(connection, key)?,
            reason: key.disabling.reason.clone(),
            next: next(key),
            requests: match requests.map_or(0, |group| group.count) {
                0 => "No requests".into(),
                1 => "1 request".into(),
                count => format!("{} requests", thousands(count.unsigned_abs())),
            },
        }))
    }
}

fn next(key: &ApiKey) -> String {
    match (key.disabling.scheduled(), key.disabling.skipped_at()) {
        (Some((FollowUp::Enable, at)), _) => format!("It will be enabled on {} (UTC).", moment(at)),
        (Some((FollowUp::Revoke, at)), _) => {
            format!("It will be revoked on {} (UTC), unless it is used before.", moment(at))
        }
        (None, Some(at)) => {
            format!("Its schedule ended on {} (UTC), and it was kept disabled.", moment(at))
        }
        (None, None) => "It stays disabled until somebody enables it.".into(),
    }
}
