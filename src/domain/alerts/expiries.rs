//! Telling programs of keys that expire soon, at each step once, and of those that have expired.

use super::rules::step;
use super::{events, store};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::api_keys;
use crate::domain::webhooks::{self, EventType};

/// The name of until when keys were told of as expired, in milliseconds.
const EXPIRED: &str = "expired";
/// How many keys are looked at.
const LOOKED_AT: i64 = 1000;
/// The largest step, in milliseconds.
const SOON: i64 = 31 * DAY;

/// Tells of keys that have reached a step or their end since it was last looked.
pub(super) fn tell(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    if webhooks::is_wanted(tx, EventType::KeyExpiring)? {
        expiring(tx, now)?;
    }
    expired(tx, now)
}

/// What was told of a key, an expiry and a step is not told again.
fn expiring(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    for key in api_keys::expiring(tx, now, now.plus(SOON), LOOKED_AT)? {
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
    let since = store::progress(tx, EXPIRED)?.map_or(now, Timestamp::from_millis);
    if !webhooks::is_wanted(tx, EventType::KeyExpired)? {
        return store::set_progress(tx, EXPIRED, now.max(since).millis());
    }
    let mut keys = api_keys::expiring(tx, since, now, LOOKED_AT)?;
    let mut until = now.max(since);
    if i64::try_from(keys.len()).is_ok_and(|count| count >= LOOKED_AT) {
        // The rest comes with the next look; but those of one instant, as a midnight, together.
        until = keys.last().map_or(until, |key| key.expires_at);
        keys = api_keys::expiring(tx, since, until, i64::MAX)?;
    }
    for key in &keys {
        let Some(data) = events::key(tx, &key.id, now)? else { continue };
        let cause = format!("expired:{}:{}", key.id.as_str(), key.expires_at.millis());
        webhooks::enqueue(tx, EventType::KeyExpired, &cause, &data, key.expires_at)?;
    }
    store::set_progress(tx, EXPIRED, until.millis())
}
