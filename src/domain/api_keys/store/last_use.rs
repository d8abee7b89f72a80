//! The SQL of the last use of keys, and of unused keys.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::ApiKey;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::api_keys;
use crate::db::{Connection, Transaction, Value, execute_for, load_for};
use crate::domain::api_keys::{KeyId, LastUse};

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    id: KeyId,
}

/// The keys among `ids` that were never used. For up to a few hundred ids.
pub(in crate::domain::api_keys) fn never_used<'a>(
    tx: &mut Transaction<'_>,
    ids: impl Iterator<Item = &'a KeyId>,
) -> Result<Vec<ApiKey>> {
    let found: Vec<IdRow> = load_for(
        tx,
        "WITH used (id) AS (VALUES ",
        &ids.map(|id| [Value::Text(id.as_str())]).collect::<Vec<_>>(),
        // Adding 0 makes the database use the index on the ids instead of an index on this column.
        ") SELECT api_keys.id FROM used JOIN api_keys ON api_keys.id = used.id \
         WHERE api_keys.last_used_at + 0 = 0",
    )?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    Ok(api_keys::table
        .filter(api_keys::id.eq_any(found.iter().map(|found| found.id)))
        .select(ApiKey::as_select())
        .load(&mut **tx)?)
}

#[derive(QueryableByName)]
struct RowNumber {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = BigInt)]
    row_number: i64,
}

/// The row numbers of keys in an SQLite file.
pub(in crate::domain::api_keys) fn row_numbers(
    connection: &mut Connection,
    uses: &[LastUse],
) -> Result<HashMap<KeyId, i64>> {
    let rows = (0..)
        .zip(uses)
        .map(|(place, used)| [Value::Text(used.key_id.as_str()), Value::Number(place)]);
    let found: Vec<RowNumber> = load_for(
        connection,
        "WITH used (id, place) AS (VALUES ",
        &rows.collect::<Vec<_>>(),
        ") SELECT used.place, api_keys.rowid AS row_number \
         FROM used JOIN api_keys ON api_keys.id = used.id",
    )?;
    let found = found.into_iter().filter_map(|RowNumber { place, row_number }| {
        Some((uses.get(usize::try_from(place).ok()?)?.key_id, row_number))
    });
    Ok(found.collect())
}

/// Keys that are not revoked and have an id after `after`, at most `limit`.
pub(in crate::domain::api_keys) fn not_revoked(
    tx: &mut Transaction<'_>,
    after: &str,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    Ok(api_keys::table
        .filter(api_keys::revoked_at.is_null().and(api_keys::id.gt(after)))
        .order(api_keys::id)
        .limit(limit)
        .select(ApiKey::as_select())
        .load(&mut **tx)?)
}

pub(in crate::domain::api_keys) fn record_last_uses<'a>(
    tx: &mut Transaction<'_>,
    uses: impl Iterator<Item = &'a LastUse>,
) -> Result<()> {
    let rows = uses.map(|used| {
        let address = used.address.map(|address| address.to_string());
        [Value::Text(used.key_id.as_str()), used.at.into(), Value::Optional(address)]
    });
    execute_for(
        tx,
        "WITH used (id, at, address) AS (VALUES ",
        &rows.collect::<Vec<_>>(),
        ") UPDATE api_keys SET last_used_at = used.at, last_used_address = used.address FROM used \
         WHERE api_keys.id = used.id AND api_keys.last_used_at < used.at",
    )
}

/// Stores when keys start to need attention. For up to a few hundred keys.
pub(in crate::domain::api_keys) fn set_attention(
    tx: &mut Transaction<'_>,
    keys: &[(KeyId, Timestamp)],
) -> Result<()> {
    let rows = keys.iter().map(|(id, at)| [Value::Text(id.as_str()), (*at).into()]);
    execute_for(
        tx,
        "WITH key (id, attention_at) AS (VALUES ",
        &rows.collect::<Vec<_>>(),
        ") UPDATE api_keys SET attention_at = key.attention_at FROM key WHERE api_keys.id = key.id",
    )
}

pub(in crate::domain::api_keys) fn least_used(
    connection: &mut Connection,
    before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    Ok(api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::last_used_at.lt(before))
        // Adding 0 keeps the database from using an index on this column instead of the order's
        // index.
        .filter((api_keys::expires_at + 0).gt(now))
        .order((api_keys::last_used_at, api_keys::id))
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}

/// The numbers of active keys that were last used since `since`, and of those that were not, each
/// counted up to `limit`.
pub(in crate::domain::api_keys) fn count_used(
    connection: &mut Connection,
    since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<(i64, i64)> {
    let active = api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter((api_keys::expires_at + 0).gt(now))
        .select(api_keys::id)
        .limit(limit);
    let used: Vec<String> = active.filter(api_keys::last_used_at.ge(since)).load(connection)?;
    let unused: Vec<String> = active.filter(api_keys::last_used_at.lt(since)).load(connection)?;
    let count = |ids: Vec<String>| i64::try_from(ids.len()).unwrap_or(i64::MAX);
    Ok((count(used), count(unused)))
}
