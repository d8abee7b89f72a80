//! Loads up to a few hundred keys with their details, in as many queries as for one key.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{ApiKey, Details, IpWhitelist, Labels, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::roles;

/// Up to a few hundred keys with their details, by their ids. Ids that do not exist are left out.
pub fn details_of(connection: &mut Connection, ids: &[&str]) -> Result<BTreeMap<String, Details>> {
    let keys = store::by_ids(connection, ids)?;
    with_details(connection, keys)
}

/// At most `limit` keys that are active, were created by `now`, and have an id after `after`, with
/// their details, by their ids.
pub fn active_after(
    connection: &mut Connection,
    after: &str,
    now: Timestamp,
    limit: i64,
) -> Result<BTreeMap<String, Details>> {
    let keys = store::active_after(connection, after, now, limit)?;
    with_details(connection, keys)
}

/// When the first key was created; `None` if there has never been a key.
pub fn first_created_at(connection: &mut Connection) -> Result<Option<Timestamp>> {
    store::first_created_at(connection)
}

fn with_details(
    connection: &mut Connection,
    keys: Vec<ApiKey>,
) -> Result<BTreeMap<String, Details>> {
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
    let mut labels: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (id, name, value) in store::labels_of_all(connection, &ids)? {
        labels.entry(id).or_default().push((name, value));
    }
    let details = keys.into_iter().map(|key| {
        let id = key.id.as_str().to_owned();
        let role = roles.iter().find(|role| role.id == key.role_id);
        let role = role.ok_or_else(|| Error::internal("a key without a role"))?.clone();
        let list = addresses.remove(&id).unwrap_or_default();
        let ip_whitelist = IpWhitelist::stored(&list)?;
        let selected = selected.remove(&id).unwrap_or_default();
        let labels = Labels::stored(labels.remove(&id).unwrap_or_default());
        Ok((id, Details { key, role, selected, ip_whitelist, labels }))
    });
    details.collect()
}

/// The keys that are not revoked and have `address` in their IP whitelist, by name, at most `limit`.
pub fn listing_address(
    connection: &mut Connection,
    address: IpAddr,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    store::listing_address(connection, &address.to_string(), limit)
}
