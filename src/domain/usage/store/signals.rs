//! The SQL of notable usage.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::schema::usage_hours;
use crate::domain::api_keys::KeyId;
use crate::domain::usage::Outcome;

/// Requests with one key that were denied for one reason.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Burst {
    #[diesel(sql_type = Text)]
    pub key_id: KeyId,
    /// Why they were denied.
    #[diesel(sql_type = Text, column_name = reason)]
    pub outcome: Outcome,
    #[diesel(sql_type = BigInt, column_name = requests)]
    pub count: i64,
    /// The time of the first one.
    #[diesel(sql_type = BigInt)]
    pub first: Timestamp,
    /// The time of the last one.
    #[diesel(sql_type = BigInt)]
    pub last: Timestamp,
}

pub(in crate::domain::usage) fn bursts(
    connection: &mut Connection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Burst>> {
    Ok(diesel::sql_query(
        "SELECT key_id, reason, CAST(SUM(count) AS BIGINT) AS requests, MIN(at) AS first, \
         MAX(at) AS last FROM denials WHERE at >= $1 AND key_id IS NOT NULL \
         GROUP BY key_id, reason ORDER BY requests DESC LIMIT $2",
    )
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(limit)
    .load(connection)?)
}

/// Requests from one address with something that looks like a secret key but is not genuine.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Stranger {
    /// The client address; empty if unknown.
    #[diesel(sql_type = Text)]
    pub address: String,
    #[diesel(sql_type = BigInt, column_name = requests)]
    pub count: i64,
    /// The time of the first one.
    #[diesel(sql_type = BigInt)]
    pub first: Timestamp,
}

pub(in crate::domain::usage) fn strangers(
    connection: &mut Connection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Stranger>> {
    Ok(diesel::sql_query(
        "SELECT COALESCE(address, '') AS address, CAST(SUM(count) AS BIGINT) AS requests, \
         MIN(at) AS first FROM denials WHERE at >= $1 AND key_id IS NULL \
         AND reason IN ('malformed_key', 'invalid_key') \
         GROUP BY COALESCE(address, '') ORDER BY requests DESC LIMIT $2",
    )
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(limit)
    .load(connection)?)
}

#[derive(QueryableByName)]
struct Volume {
    #[diesel(sql_type = Text)]
    key_id: KeyId,
    #[diesel(sql_type = BigInt)]
    requests: i64,
}

pub(in crate::domain::usage) fn volumes(
    connection: &mut Connection,
    hour: i64,
    at_least: i64,
) -> Result<Vec<(KeyId, i64)>> {
    let rows: Vec<Volume> = diesel::sql_query(
        "SELECT key_id, CAST(SUM(count) AS BIGINT) AS requests FROM usage_hours \
         WHERE hour = $1 AND outcome = 'pass' GROUP BY key_id HAVING SUM(count) >= $2",
    )
    .bind::<BigInt, _>(hour)
    .bind::<BigInt, _>(at_least)
    .load(connection)?;
    Ok(rows.into_iter().map(|row| (row.key_id, row.requests)).collect())
}

pub(in crate::domain::usage) fn volumes_at(
    connection: &mut Connection,
    key_id: &KeyId,
    hours: &[i64],
) -> Result<BTreeMap<i64, i64>> {
    let rows: Vec<(i64, i64)> = usage_hours::table
        .filter(usage_hours::hour.eq_any(hours))
        .filter(usage_hours::key_id.eq(key_id))
        .filter(usage_hours::outcome.eq(Outcome::Pass))
        .select((usage_hours::hour, usage_hours::count))
        .load(connection)?;
    let mut counted = BTreeMap::new();
    for (hour, count) in rows {
        *counted.entry(hour).or_default() += count;
    }
    Ok(counted)
}

/// A new address of a key.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct NewAddress {
    #[diesel(sql_type = Text)]
    pub key_id: KeyId,
    #[diesel(sql_type = Text)]
    pub address: String,
    /// When the key was first used from it.
    #[diesel(sql_type = BigInt)]
    pub first: Timestamp,
    /// How many addresses the key was used from before that day, at most one more than the `known`
    /// argument.
    #[diesel(sql_type = BigInt)]
    pub known: i64,
}

pub(in crate::domain::usage) fn new_addresses(
    connection: &mut Connection,
    now: Timestamp,
    known: i64,
    limit: i64,
) -> Result<Vec<NewAddress>> {
    Ok(diesel::sql_query(
        "SELECT key_id, address, first, known FROM (SELECT a.key_id, a.address, \
         MIN(a.first_seen_at) AS first, (SELECT COUNT(*) FROM (SELECT DISTINCT b.address \
         FROM usage_addresses b WHERE b.key_id = a.key_id AND b.day < $1 LIMIT $2) AS c) AS known \
         FROM usage_addresses a WHERE a.day >= $1 AND NOT EXISTS (SELECT 1 FROM usage_addresses e \
         WHERE e.key_id = a.key_id AND e.address = a.address AND e.day < $1) \
         GROUP BY a.key_id, a.address) AS fresh ORDER BY first DESC LIMIT $3",
    )
    .bind::<BigInt, _>(now.day() - 1)
    .bind::<BigInt, _>(known + 1)
    .bind::<BigInt, _>(limit)
    .load(connection)?)
}
