//! A key that is disabled for a while: it passes nothing until it is enabled again.
//!
//! Only stores and records it; `domain/disabling` decides when it is allowed.

use super::{ApiKey, Disabling, KeyId, changes, store};
use crate::base::clock::Timestamp;
use crate::base::closed_set::closed_set;
use crate::base::error::Result;
use crate::db::types::text_column;
use crate::db::{Transaction, at_once};
use crate::domain::activity::{self, Context};
use crate::domain::settings;

closed_set! {
    /// What happens to a disabled key at the scheduled time.
    pub enum FollowUp {
        Enable = "enable",
        Revoke = "revoke",
    }
}
text_column!(FollowUp);

impl Disabling {
    /// What happens next, and when.
    pub fn scheduled(&self) -> Option<(FollowUp, Timestamp)> {
        self.then.zip(self.until)
    }

    /// When something was due that was not carried out.
    pub fn skipped_at(&self) -> Option<Timestamp> {
        self.until.filter(|_| self.then.is_none())
    }
}

/// Why and for how long a key is disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    pub reason: String,
    /// What happens next, and when; `None` if somebody enables it by hand.
    pub scheduled: Option<(FollowUp, Timestamp)>,
}

/// Disables a key that works. Takes effect at once, like a revocation.
pub fn disable(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    suspension: &Suspension,
    context: &Context,
) -> Result<ApiKey> {
    let (then, until) = suspension.scheduled.unzip();
    let disabling = Disabling {
        at: Some(context.now),
        by: context.actor.id().map(str::to_owned),
        reason: suspension.reason.clone(),
        until,
        then,
        is_used: false,
    };
    let disabled = save(tx, key, disabling)?;
    tx.announce(key.id.as_str())?;
    activity::record(tx, context, &changes::disabled(&disabled))?;
    Ok(disabled)
}

/// Enables a disabled key. `scheduled_by` is the name of the member who scheduled it, if nobody
/// does it now.
pub fn enable(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    scheduled_by: Option<&str>,
    context: &Context,
) -> Result<ApiKey> {
    let enabled = save(tx, key, Disabling::default())?;
    tx.announce(key.id.as_str())?;
    activity::record(tx, context, &changes::enabled(key, scheduled_by))?;
    Ok(enabled)
}

/// Revokes a disabled key, as the member `scheduled_by` scheduled.
pub fn revoke_as_scheduled(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    scheduled_by: &str,
    context: &Context,
) -> Result<()> {
    store::revoke(tx, &key.id, context.now, key.disabling.by.as_deref())?;
    tx.announce(key.id.as_str())?;
    activity::record(tx, context, &changes::revoked_as_scheduled(key, scheduled_by))
}

/// Keeps a disabled key disabled, although its time has come, because of `why`.
pub fn skip_schedule(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    why: &str,
    context: &Context,
) -> Result<()> {
    save(tx, key, Disabling { then: None, ..key.disabling.clone() })?;
    tx.announce(key.id.as_str())?;
    activity::record(tx, context, &changes::schedule_skipped(key, why))
}

/// Records that requests came with those of the keys that are disabled, which then need attention.
pub fn record_uses_while_disabled(tx: &mut Transaction<'_>, ids: &[KeyId]) -> Result<()> {
    for ids in ids.chunks(at_once(tx)) {
        let ids: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
        for id in store::mark_used(tx, &ids)? {
            tx.announce(id.as_str())?;
        }
    }
    Ok(())
}

fn save(tx: &mut Transaction<'_>, key: &ApiKey, disabling: Disabling) -> Result<ApiKey> {
    let changed = ApiKey { disabling, version: key.version + 1, ..key.clone() };
    let settings = settings::get(tx)?;
    store::set_disabling(tx, &changed, &settings)?;
    Ok(changed)
}
