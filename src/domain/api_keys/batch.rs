//! Some hundred keys with all that belongs to them, in as many queries as for one.

use std::collections::{BTreeMap, BTreeSet};

use super::{ApiKey, Details, IpWhitelist, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::roles;

/// Some hundred keys with all that belongs to them, by their ids. Those that do not exist are left
/// out.
pub fn details_of(connection: &mut Connection, ids: &[&str]) -> Result<BTreeMap<String, Details>> {
    let keys = store::by_ids(connection, ids)?;
    with_all(connection, keys)
}

/// At most `limit` keys that are active, were created by then, and whose ids follow `after`, with
/// all that belongs to them, by their ids.
pub fn active_after(
    connection: &mut Connection,
    after: &str,
    now: Timestamp,
    limit: i64,
) -> Result<BTreeMap<String, Details>> {
    let keys = store::active_after(connection, after, now, limit)?;
    with_all(connection, keys)
}

/// When the first key was created; none when there was never one.
pub fn first_created_at(connection: &mut Connection) -> Result<Option<Timestamp>> {
    store::first_created_at(connection)
}

fn with_all(connection: &mut Connection, keys: Vec<ApiKey>) -> Result<BTreeMap<String, Details>> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let roles = roles::all(connection)?;
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let mut selected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, scope) in store::scopes_of_all(connection, &ids)? {
        selected.entry(id).or_default().insert(scope);
    }
    let mut addresses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, address) in store::addresses_of_all(connection, &ids)? {
        addresses.entry(id).or_default().push(address);
    }
    let details = keys.into_iter().map(|key| {
        let id = key.id.as_str().to_owned();
        let role = roles.iter().find(|role| role.id == key.role_id);
        let role = role.ok_or_else(|| Error::internal("a key without a role"))?.clone();
        let list = addresses.remove(&id).unwrap_or_default();
        let ip_whitelist = IpWhitelist::stored(&list)?;
        let selected = selected.remove(&id).unwrap_or_default();
        Ok((id, Details { key, role, selected, ip_whitelist }))
    });
    details.collect()
}
