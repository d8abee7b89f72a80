//! The SQL that loads up to a few hundred keys at once.

use diesel::prelude::*;

use super::ApiKey;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::schema::{api_key_addresses, api_key_labels, api_key_scopes, api_keys};

/// At most `limit` keys that are active at `now`, were created by then, and have an id after
/// `after`.
pub(in crate::domain::api_keys) fn active_after(
    connection: &mut Connection,
    after: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    Ok(api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::id.gt(after))
        // Adding 0 keeps the database from using indexes on these columns instead of the order's
        // index.
        .filter((api_keys::expires_at + 0).gt(now))
        .filter((api_keys::created_at + 0).le(now))
        .order(api_keys::id)
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}

/// The scopes that the keys selected, with the Key IDs.
pub(in crate::domain::api_keys) fn scopes_of_all(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<Vec<(String, String)>> {
    Ok(api_key_scopes::table
        .filter(api_key_scopes::key_id.eq_any(ids))
        .select((api_key_scopes::key_id, api_key_scopes::scope))
        .load(connection)?)
}

/// The addresses of the keys' IP whitelists, in their order, with the Key IDs.
pub(in crate::domain::api_keys) fn addresses_of_all(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<Vec<(String, String)>> {
    Ok(api_key_addresses::table
        .filter(api_key_addresses::key_id.eq_any(ids))
        .order((api_key_addresses::key_id, api_key_addresses::position))
        .select((api_key_addresses::key_id, api_key_addresses::address))
        .load(connection)?)
}

/// The names and values of the keys' labels, with the Key IDs.
pub(in crate::domain::api_keys) fn labels_of_all(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<Vec<(String, String, String)>> {
    Ok(api_key_labels::table
        .filter(api_key_labels::key_id.eq_any(ids))
        .select((api_key_labels::key_id, api_key_labels::name, api_key_labels::value))
        .load(connection)?)
}

/// When the first key was created. Revoked keys and all others are looked up separately.
pub(in crate::domain::api_keys) fn first_created_at(
    connection: &mut Connection,
) -> Result<Option<Timestamp>> {
    let first = api_keys::table.order((api_keys::created_at, api_keys::id)).limit(1);
    let first = first.select(api_keys::created_at);
    let live: Option<Timestamp> =
        first.filter(api_keys::revoked_at.is_null()).first(connection).optional()?;
    let revoked: Option<Timestamp> =
        first.filter(api_keys::revoked_at.is_not_null()).first(connection).optional()?;
    Ok(live.into_iter().chain(revoked).min())
}

/// Keys that are not revoked and list `address`, by name, at most `limit`.
pub(in crate::domain::api_keys) fn listing_address(
    connection: &mut Connection,
    address: &str,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let ids = api_key_addresses::table
        .filter(api_key_addresses::address.eq(address))
        .select(api_key_addresses::key_id);
    Ok(api_keys::table
        .filter(api_keys::id.eq_any(ids).and(api_keys::revoked_at.is_null()))
        .order((api_keys::name_sort, api_keys::id))
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}
