//! When keys were last used, which ones were not, and what follows from a first use.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{ApiKey, COUNTED, KeyId, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Transaction, at_once};
use crate::domain::settings;

/// How many keys are offered for revocation when the limit is reached.
const CANDIDATES: i64 = 5;

/// That a key passed.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    pub key_id: KeyId,
    /// Which of its secrets: the number of [`super::KeptSecret`].
    pub secret: i64,
    pub at: Timestamp,
    /// From where, if that is known.
    pub address: Option<IpAddr>,
}

impl Used {
    /// Takes the place of this, if it is later.
    pub(crate) fn update(&mut self, other: &Self) {
        if other.at > self.at {
            *self = *other;
        }
    }
}

/// Notes the last uses of some hundred keys. What is known of a later one stays.
pub fn used(tx: &mut Transaction<'_>, uses: &[Used]) -> Result<()> {
    uses.chunks(at_once(tx)).try_for_each(|uses| note(tx, uses))
}

fn note(tx: &mut Transaction<'_>, uses: &[Used]) -> Result<()> {
    let (mut latest, mut of_secrets) = (BTreeMap::new(), BTreeMap::new());
    for used in uses {
        latest.entry(used.key_id).or_insert(*used).update(used);
        of_secrets.entry((used.key_id, used.secret)).or_insert(*used).update(used);
    }
    let first = store::never_used(tx, latest.keys())?;
    store::used(tx, latest.values())?;
    store::secrets_used(tx, of_secrets.values())?;
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

/// Puts last uses in the order in which a database keeps their keys, so that those that are noted
/// together lie together.
pub fn in_order_of_rows(connection: &mut Connection, mut uses: Vec<Used>) -> Result<Vec<Used>> {
    uses.sort_unstable_by_key(|used| used.key_id);
    if matches!(connection, Connection::Postgres(_)) {
        return Ok(uses);
    }
    let numbers = store::row_numbers(connection, &uses)?;
    uses.sort_by_cached_key(|used| numbers.get(&used.key_id).copied());
    Ok(uses)
}

/// The active keys that were used longest ago, to be offered for revocation.
pub fn least_used(connection: &mut Connection, now: Timestamp) -> Result<Vec<ApiKey>> {
    store::least_used(connection, Timestamp::from_millis(i64::MAX), now, CANDIDATES)
}

/// At most `limit` active keys that were not used since `since`, those used longest ago first.
pub fn unused(
    connection: &mut Connection,
    since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    store::least_used(connection, since, now, limit)
}

/// How many active keys were used since `since`, and how many were not; each counted no further
/// than one above [`COUNTED`].
pub fn count_used(
    connection: &mut Connection,
    since: Timestamp,
    now: Timestamp,
) -> Result<(i64, i64)> {
    store::count_used(connection, since, now, COUNTED + 1)
}
