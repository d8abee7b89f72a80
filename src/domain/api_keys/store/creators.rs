//! The SQL of keys by the member who created them.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::schema::api_keys;
use crate::domain::api_keys::KeyId;

/// The first member after `after`, in the order of the ids, who created a key that is not revoked.
pub(in crate::domain::api_keys) fn creator_after(
    connection: &mut Connection,
    after: &str,
) -> Result<Option<String>> {
    let creator = api_keys::table
        .filter(api_keys::revoked_at.is_null().and(api_keys::created_by.gt(after)))
        .order(api_keys::created_by)
        .select(api_keys::created_by);
    Ok(creator.first(connection).optional()?)
}

/// The keys that a member created and that are not revoked, with when, in the order of their ids.
pub(in crate::domain::api_keys) fn created_by(
    connection: &mut Connection,
    creator: &str,
    limit: i64,
) -> Result<Vec<(KeyId, Timestamp)>> {
    Ok(api_keys::table
        .filter(api_keys::revoked_at.is_null().and(api_keys::created_by.eq(creator)))
        .order(api_keys::id)
        .limit(limit)
        .select((api_keys::id, api_keys::created_at))
        .load(connection)?)
}

/// The keys among `ids` that are not revoked.
pub(in crate::domain::api_keys) fn not_revoked_among(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<BTreeSet<KeyId>> {
    let found: Vec<KeyId> = api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .filter(api_keys::revoked_at.is_null())
        .select(api_keys::id)
        .load(connection)?;
    Ok(found.into_iter().collect())
}
