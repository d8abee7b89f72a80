//! What pages show of a disabled key: since when, why, and what happens next.

use crate::base::clock::{Timestamp, short_date};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::api_keys::{ApiKey, FollowUp};
use crate::domain::{disabling, leaks};
use crate::web::time_view::TimeView;

pub(super) struct DisabledFacts {
    /// When it was disabled.
    pub since: TimeView,
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
    pub(super) fn load(connection: &mut Connection, key: &ApiKey) -> Result<Option<Self>> {
        let Some(at) = key.disabling.at.filter(|_| key.is_disabled()) else { return Ok(None) };
        let has_open_leak = !leaks::open_of_key(connection, &key.id)?.is_empty();
        let requests = disabling::requests_since(connection, key)?;
        Ok(Some(Self {
            since: TimeView::new(exact(at), at),
            by: disabling::disabled_by(connection, key)?,
            reason: key.disabling.reason.clone(),
            next: next(key, has_open_leak),
            requests: match requests.map_or(0, |group| group.count) {
                0 => "No requests".into(),
                1 => "1 request".into(),
                count => format!("{} requests", thousands(count.unsigned_abs())),
            },
        }))
    }
}

fn next(key: &ApiKey, has_open_leak: bool) -> String {
    match (key.disabling.scheduled(), key.disabling.skipped_at()) {
        (Some((FollowUp::Enable, _)), _) if has_open_leak => {
            "It stays disabled while the report of its leak is open.".into()
        }
        (Some((FollowUp::Enable, at)), _) => format!("It will be enabled on {} (UTC).", exact(at)),
        (Some((FollowUp::Revoke, at)), _) => {
            format!("It will be revoked on {} (UTC), unless it is used before.", exact(at))
        }
        (None, Some(at)) => {
            format!("Its schedule ended on {} (UTC), and it was kept disabled.", exact(at))
        }
        (None, None) => "It stays disabled until somebody enables it.".into(),
    }
}

/// `30 Nov 2026, 14:06`, UTC. It may be years away.
fn exact(at: Timestamp) -> String {
    format!("{}, {}", short_date(at.date()), at.time_of_day())
}
