//! When keys start to need attention: because of their own data, and because of flags that other
//! parts of the program set.

use std::collections::{BTreeMap, BTreeSet};

use super::{ApiKey, Filter, KeyId, Sort, StoredSecret, View, changes, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::{MAX_COUNTED, Walk};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context};
use crate::domain::settings::{self, Settings};

/// How many keys are written at once.
const BATCH: i64 = 1000;

/// Updates when each key that is not revoked starts to need attention, after the rotation intervals
/// have changed.
pub fn rotation_changed(tx: &mut Transaction<'_>) -> Result<()> {
    let settings = settings::get(tx)?;
    let mut after = String::new();
    loop {
        let keys = store::not_revoked(tx, &after, BATCH)?;
        let Some(last) = keys.last() else { return Ok(()) };
        last.id.as_str().clone_into(&mut after);
        let attention = keys.iter().map(|key| (key.id, key.attention_at(&settings)));
        store::set_attention(tx, &attention.collect::<Vec<_>>())?;
    }
}

/// Stores, for up to a few hundred keys, since when something outside the key needs attention, or
/// `None` if nothing does any more.
pub fn set_flags(
    tx: &mut Transaction<'_>,
    flags: &[(ApiKey, Option<Timestamp>)],
    settings: &Settings,
) -> Result<()> {
    for (key, flagged_at) in flags.iter().filter(|(key, flagged_at)| key.flagged_at != *flagged_at)
    {
        let key = ApiKey { flagged_at: *flagged_at, ..key.clone() };
        store::set_flags(tx, &key, settings)?;
    }
    Ok(())
}

/// Snoozes a key: the current reasons for attention were reviewed, and are hidden for a
/// while. Reasons from outside the key have to be flagged again.
pub fn snooze(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    note: &str,
    context: &Context,
) -> Result<ApiKey> {
    let snoozed = ApiKey { snoozed_at: Some(context.now), flagged_at: None, ..key.clone() };
    let settings = settings::get(tx)?;
    store::set_flags(tx, &snoozed, &settings)?;
    activity::record(tx, context, &changes::snoozed(key, note))?;
    Ok(snoozed)
}

/// The flagged keys, longest flagged first, at most `limit`.
pub fn flagged(connection: &mut Connection, limit: i64) -> Result<Vec<KeyId>> {
    store::flagged(connection, limit)
}

/// The keys that no longer work but are still flagged, at most `limit`.
pub fn inactive_but_flagged(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    store::inactive_but_flagged(connection, now, limit)
}

/// The number of keys that need attention, including those that no longer work, counted up to a
/// bound.
pub fn count_needing_attention(connection: &mut Connection, now: Timestamp) -> Result<i64> {
    store::count_needing_attention(connection, now, MAX_COUNTED + 1)
}

/// Which of the keys with these ids need attention, including those that no longer work.
pub fn needing_attention_among(
    connection: &mut Connection,
    ids: &[&str],
    now: Timestamp,
) -> Result<BTreeSet<String>> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    store::needing_attention_among(connection, ids, now)
}

/// The active keys that need attention, at most `limit`.
pub fn needing_attention(
    connection: &mut Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<ApiKey>> {
    let filter = Filter { view: View::Attention, sort: Sort::Expires, ..Filter::default() };
    store::walk(connection, &filter, &Walk::first(limit), now)
}

/// The active keys that expire at `until` or earlier, first to expire first, at most `limit`.
pub fn expiring(
    connection: &mut Connection,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    store::expiring(connection, now, until, limit)
}

/// The active keys that were last used at `before` or earlier, longest unused first, at most
/// `limit`. Keys that were never used are left out.
pub fn no_longer_used(
    connection: &mut Connection,
    before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KeyId>> {
    store::no_longer_used(connection, before, now, limit)
}

/// The keys with an old secret that may still work after `now`, at most `limit`.
pub fn overlapping(connection: &mut Connection, now: Timestamp, limit: i64) -> Result<Vec<KeyId>> {
    store::overlapping(connection, now, limit)
}

/// The old and the new secret of each key that has an old secret that still works.
pub fn overlaps(
    connection: &mut Connection,
    ids: &[&str],
    now: Timestamp,
) -> Result<BTreeMap<KeyId, [StoredSecret; 2]>> {
    let mut overlaps = BTreeMap::new();
    for (id, secrets) in store::secrets_of(connection, ids)? {
        let old = secrets.iter().find(|secret| secret.overlaps(now));
        if let (Some(old), Some(newest)) = (old, secrets.first()) {
            overlaps.insert(id, [old, newest].map(Clone::clone));
        }
    }
    Ok(overlaps)
}
