//! A rotation's overlap on pages: both secrets, and whether the old one can be stopped.

use super::words::{ago, ago_within, moment, requests};
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
    /// Whether the new secret is in use, and the old one has been idle for long enough.
    pub is_safe: bool,
    /// What to do about the old secret.
    pub advice: String,
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
        let rotated_at = [(key.id, new.created_at)].into();
        let gaps = usage::longest_gaps(connection, &rotated_at, now)?;
        let gap = gaps.get(&key.id).copied().unwrap_or_default();
        let safe_at = old.safe_to_end_at(new, gap);
        Ok(Some(Self {
            until: moment(old.ends_at()),
            new: view(new),
            old: view(old),
            is_safe: safe_at.is_some_and(|at| now >= at),
            advice: advice(old, safe_at, now),
        }))
    }
}

/// What to do about the secret `old`, which is safe to stop at `safe_at`.
fn advice(old: &StoredSecret, safe_at: Option<Timestamp>, now: Timestamp) -> String {
    let last = match old.last_used_at {
        Some(at) => format!("was last used {}", ago_within(at, now)),
        None => "was never used".into(),
    };
    match safe_at {
        None => {
            "The new secret has not been used yet. Deploy it before you stop the old one.".into()
        }
        Some(at) if now >= at => format!(
            "It is safe to stop the old secret: the new one is in use, and the old one {last}."
        ),
        Some(at) if at < old.ends_at() => format!(
            "The old secret {last}. If it stays unused until {}, it is safe to stop.",
            moment(at)
        ),
        Some(_) => format!("The old secret {last}. Let it stop at its own time."),
    }
}
