//! Queues webhook messages about keys that expire soon, once for each step, and about expired keys.

use super::rules::step;
use super::{events, store};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::api_keys;
use crate::domain::webhooks::{self, EventType};

/// The name of the stored time, in milliseconds, up to which expired keys were processed.
const PROGRESS: &str = "expired";
/// The largest number of keys that are processed at once.
const MAX_KEYS: i64 = 1000;
/// How far ahead keys are searched, in milliseconds. Covers the largest step.
const LOOK_AHEAD: i64 = 31 * DAY;

/// Queues messages about keys that have reached a step, or have expired, since the last run.
pub(super) fn notify(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    if webhooks::has_subscribers(tx, EventType::KeyExpiring)? {
        expiring(tx, now)?;
    }
    expired(tx, now)
}

/// Each key, expiry and step is notified once.
fn expiring(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    for key in api_keys::expiring(tx, now, now.plus(LOOK_AHEAD), MAX_KEYS)? {
        let days_left = key.days_left(now);
        let Some(step) = step(days_left) else { continue };
        let cause = format!("expiring:{}:{}:{step}", key.id.as_str(), key.expires_at.millis());
        if webhooks::is_known(tx, &cause)? {
            continue;
        }
        let Some(mut data) = events::key(tx, &key.id, now)? else { continue };
        data["days_left"] = days_left.into();
        webhooks::enqueue(tx, EventType::KeyExpiring, &cause, &data, now)?;
    }
    Ok(())
}

fn expired(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    let since = store::progress(tx, PROGRESS)?.map_or(now, Timestamp::from_millis);
    if !webhooks::has_subscribers(tx, EventType::KeyExpired)? {
        return store::set_progress(tx, PROGRESS, now.max(since).millis());
    }
    let mut keys = api_keys::expiring(tx, since, now, MAX_KEYS)?;
    let mut until = now.max(since);
    if i64::try_from(keys.len()).is_ok_and(|count| count >= MAX_KEYS) {
        // The remaining keys follow in the next run, but keys with the same expiry, such as
        // midnight, are processed together.
        until = keys.last().map_or(until, |key| key.expires_at);
        keys = api_keys::expiring(tx, since, until, i64::MAX)?;
    }
    for key in &keys {
        let Some(data) = events::key(tx, &key.id, now)? else { continue };
        let cause = format!("expired:{}:{}", key.id.as_str(), key.expires_at.millis());
        webhooks::enqueue(tx, EventType::KeyExpired, &cause, &data, key.expires_at)?;
    }
    store::set_progress(tx, PROGRESS, until.millis())
}
