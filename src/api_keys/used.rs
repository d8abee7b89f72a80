//! When keys were last used, and what follows from a first use.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{ApiKey, KeyId, store};
use crate::clock::Timestamp;
use crate::db::Transaction;
use crate::error::Result;
use crate::settings;

/// That a key passed.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// The key.
    pub key_id: KeyId,
    /// When.
    pub at: Timestamp,
    /// From where, if that is known.
    pub address: Option<IpAddr>,
}

/// Notes the last use of some hundred keys. What is known of a later one stays.
///
/// # Errors
/// When the database cannot be written.
pub fn used(tx: &mut Transaction<'_>, uses: impl IntoIterator<Item = Used>) -> Result<()> {
    let mut latest: BTreeMap<KeyId, Used> = BTreeMap::new();
    for used in uses {
        let known = latest.entry(used.key_id).or_insert(used);
        if used.at > known.at {
            *known = used;
        }
    }
    if latest.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = latest.keys().map(KeyId::as_str).collect();
    let first = store::never_used(tx, &ids)?;
    store::used(tx, latest.values())?;
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
