//! Keys by the member who created them.

use std::collections::BTreeSet;

use super::{KeyId, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;

/// The largest number of members with keys that are listed.
const MAX_CREATORS: usize = 1000;
/// How many ids go into one statement, because its parameters are limited.
const BATCH: usize = 500;

/// The ids of the members who created keys that are not revoked.
pub fn creators(connection: &mut Connection) -> Result<Vec<String>> {
    let mut creators: Vec<String> = Vec::new();
    while creators.len() < MAX_CREATORS {
        let last = creators.last().map_or("", String::as_str);
        let Some(next) = store::creator_after(connection, last)? else { break };
        creators.push(next);
    }
    Ok(creators)
}

/// The keys that the member with this id created and that are not revoked, each with the time of
/// its creation, at most `limit`.
pub fn created_by(
    connection: &mut Connection,
    id: &str,
    limit: i64,
) -> Result<Vec<(KeyId, Timestamp)>> {
    store::created_by(connection, id, limit)
}

/// The keys among `ids` that are not revoked.
pub fn not_revoked_among(connection: &mut Connection, ids: &[KeyId]) -> Result<BTreeSet<KeyId>> {
    let mut found = BTreeSet::new();
    for ids in ids.chunks(BATCH) {
        let texts: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
        found.extend(store::not_revoked_among(connection, &texts)?);
    }
    Ok(found)
}
