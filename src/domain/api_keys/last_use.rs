//! When keys were last used, which keys are unused, and what changes with a first use.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{ApiKey, KeyId, MAX_COUNTED, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Transaction, at_once};
use crate::domain::settings;

/// How many keys are suggested for revocation when the limit of active keys is reached.
const MAX_SUGGESTED: i64 = 5;

/// The last allowed request with a key.
#[derive(Clone, Copy, Debug)]
pub struct LastUse {
    pub key_id: KeyId,
    /// The number of the secret that was used, as in [`super::StoredSecret`].
    pub secret: i64,
    pub at: Timestamp,
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
}

impl LastUse {
    /// Replaces this use with `other` if that is later.
    pub(crate) fn update(&mut self, other: &Self) {
        if other.at > self.at {
            *self = *other;
        }
    }
}

/// Stores the last uses of up to a few hundred keys. A later use that is already stored stays.
pub fn record_last_uses(tx: &mut Transaction<'_>, uses: &[LastUse]) -> Result<()> {
    uses.chunks(at_once(tx)).try_for_each(|uses| record_batch(tx, uses))
}

fn record_batch(tx: &mut Transaction<'_>, uses: &[LastUse]) -> Result<()> {
    let (mut latest, mut by_secret) = (BTreeMap::new(), BTreeMap::new());
    for used in uses {
        latest.entry(used.key_id).or_insert(*used).update(used);
        by_secret.entry((used.key_id, used.secret)).or_insert(*used).update(used);
    }
    let first = store::never_used(tx, latest.keys())?;
    store::record_last_uses(tx, latest.values())?;
    store::secrets_used(tx, by_secret.values())?;
    if first.is_empty() {
        return Ok(());
    }
    let settings = settings::get(tx)?;
    let attention = first.into_iter().map(|key| {
        let last_used_at = latest.get(&key.id).map(|used| used.at);
        let key = ApiKey { last_used_at, ..key };
        (key.id, key.attention_at(&settings))
    });
    store::set_attention(tx, &attention.collect::<Vec<_>>())
}

/// Sorts last uses in the order of their rows in the database, so that one transaction writes to
/// neighbouring rows.
pub fn in_order_of_rows(
    connection: &mut Connection,
    mut uses: Vec<LastUse>,
) -> Result<Vec<LastUse>> {
    uses.sort_unstable_by_key(|used| used.key_id);
    if matches!(connection, Connection::Postgres(_)) {
        return Ok(uses);
    }
    let numbers = store::row_numbers(connection, &uses)?;
    uses.sort_by_cached_key(|used| numbers.get(&used.key_id).copied());
    Ok(uses)
}

/// The active keys that were used longest ago, as suggestions for revocation.
pub fn least_used(connection: &mut Connection, now: Timestamp) -> Result<Vec<ApiKey>> {
    store::least_used(connection, Timestamp::from_millis(i64::MAX), now, MAX_SUGGESTED)
}

/// At most `limit` active keys that were not used since `since`, longest unused first.
pub fn unused(
    connection: &mut Connection,
    since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    store::least_used(connection, since, now, limit)
}

/// The numbers of active keys that were used since `since`, and of those that were not, each
/// counted up to [`MAX_COUNTED`] + 1.
pub fn count_used(
    connection: &mut Connection,
    since: Timestamp,
    now: Timestamp,
) -> Result<(i64, i64)> {
    store::count_used(connection, since, now, MAX_COUNTED + 1)
}
