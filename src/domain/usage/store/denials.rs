//! The SQL of denied requests.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::denials;
use crate::db::{Connection, Transaction, on_each};
use crate::domain::api_keys::KeyId;
use crate::domain::usage::buffer::DenialTally;
use crate::domain::usage::{Outcome, Secret};

/// How many rows go into one statement, because its parameters are limited.
const ROWS: usize = 1_000;
/// How many denials of a key are kept.
pub(super) const MAX_PER_KEY: i64 = 500;
/// How many denials of requests without a genuine secret are kept.
const MAX_OF_STRANGERS: i64 = 10_000;

/// Writes denials. The newest of each key are kept.
pub(super) fn add(tx: &mut Transaction<'_>, all: &[(Option<Secret>, &DenialTally)]) -> Result<()> {
    let mut rows = Vec::new();
    for (secret, DenialTally { kind, samples, count }) in all {
        let others = count - samples.len() as u64;
        for (index, request) in samples.iter().enumerate() {
            // The last one represents those that were not kept.
            let represented = if index + 1 == samples.len() { 1 + others } else { 1 };
            rows.push((
                denials::request_id.eq(request.id.to_string()),
                denials::key_id.eq(secret.map(|secret| secret.key_id)),
                denials::secret.eq(secret.map(|secret| secret.number)),
                denials::reason.eq(kind.reason),
                denials::detail.eq(kind.detail.as_ref()),
                denials::address.eq(kind.address.map(|address| address.to_string())),
                denials::request_line.eq(&request.line),
                denials::at.eq(request.at),
                denials::count.eq(represented.cast_signed()),
            ));
        }
    }
    for rows in rows.chunks(ROWS) {
        on_each!(&mut **tx, native => diesel::insert_into(denials::table)
            .values(rows)
            .execute(native)?);
    }
    let keys: BTreeSet<_> = all.iter().map(|(secret, _)| secret.map(|s| s.key_id)).collect();
    keys.into_iter().try_for_each(|key_id| forget(tx, key_id))
}

fn forget(tx: &mut Transaction<'_>, key_id: Option<KeyId>) -> Result<()> {
    let newest = denials::table.order(denials::at.desc()).select(denials::at).limit(1);
    let oldest: Option<i64> = match &key_id {
        Some(id) => newest
            .filter(denials::key_id.eq(id))
            .offset(MAX_PER_KEY - 1)
            .first(&mut **tx)
            .optional()?,
        None => newest
            .filter(denials::key_id.is_null())
            .offset(MAX_OF_STRANGERS - 1)
            .first(&mut **tx)
            .optional()?,
    };
    let Some(oldest) = oldest else { return Ok(()) };
    let older = diesel::delete(denials::table).filter(denials::at.lt(oldest));
    match &key_id {
        Some(id) => older.filter(denials::key_id.eq(id)).execute(&mut **tx)?,
        None => older.filter(denials::key_id.is_null()).execute(&mut **tx)?,
    };
    Ok(())
}

/// A denied request that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = denials)]
pub struct Denial {
    /// The request id in its response.
    pub request_id: String,
    /// The key that the request's secret belongs to; `None` if the secret was not genuine.
    pub key_id: Option<KeyId>,
    /// The number of the secret.
    pub secret: Option<i64>,
    /// Why it was denied.
    pub reason: Outcome,
    /// The missing scopes, separated by spaces; the flaw of a malformed secret key; or the start of
    /// a secret key that does not exist, such as `lk_prod`.
    pub detail: String,
    /// The client address, if known.
    pub address: Option<String>,
    /// For example `GET /orders/1`, if the caller reported it.
    #[diesel(column_name = request_line)]
    pub line: String,
    pub at: Timestamp,
    /// How many similar requests there were at that time, including this one.
    pub count: i64,
}

/// The denied request with this id.
pub(in crate::domain::usage) fn denial(
    connection: &mut Connection,
    request_id: &str,
) -> Result<Option<Denial>> {
    Ok(denials::table.find(request_id).select(Denial::as_select()).first(connection).optional()?)
}

/// A key's denials since `since`, at most `limit`, latest first.
pub(in crate::domain::usage) fn denials_of(
    connection: &mut Connection,
    key_id: &KeyId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Denial>> {
    Ok(denials::table
        .filter(denials::key_id.eq(key_id))
        .filter(denials::at.ge(since))
        .order((denials::at.desc(), denials::request_id.desc()))
        .limit(limit)
        .select(Denial::as_select())
        .load(connection)?)
}

/// A page of the denials with the key, reason, detail and address of `denied`, latest first.
pub(in crate::domain::usage) fn denials_like(
    connection: &mut Connection,
    denied: &Denial,
    walk: &Walk<Timestamp>,
) -> Result<Vec<Denial>> {
    let query = denials::table
        .filter(denials::reason.eq(denied.reason))
        .filter(denials::detail.eq(&denied.detail))
        .select(Denial::as_select())
        .into_boxed();
    let query = match &denied.key_id {
        Some(id) => query.filter(denials::key_id.eq(id)),
        None => query.filter(denials::key_id.is_null()),
    };
    let query = match &denied.address {
        Some(address) => query.filter(denials::address.eq(address)),
        None => query.filter(denials::address.is_null()),
    };
    let query = keyset!(query, walk, desc(denials::at, denials::request_id));
    Ok(query.load(connection)?)
}

#[derive(QueryableByName)]
struct DeniedKey {
    #[diesel(sql_type = Text)]
    key_id: KeyId,
}

/// The keys with many denials since the day of `since`, or with any denial of a secret that no
/// longer works.
pub(in crate::domain::usage) fn denied_keys(
    connection: &mut Connection,
    since: Timestamp,
    often: i64,
    limit: i64,
) -> Result<Vec<KeyId>> {
    // The conditions match the words of the index, so that the database uses it.
    let keys: Vec<DeniedKey> = diesel::sql_query(
        "SELECT key_id FROM usage_days WHERE day >= $1 AND outcome <> 'pass' GROUP BY key_id \
         HAVING SUM(count) >= $2 OR SUM(CASE WHEN outcome IN \
         ('key_expired', 'key_revoked', 'key_disabled', 'secret_superseded') THEN 1 ELSE 0 END) > 0 LIMIT $3",
    )
    .bind::<BigInt, _>(since.day())
    .bind::<BigInt, _>(often)
    .bind::<BigInt, _>(limit)
    .load(connection)?;
    Ok(keys.into_iter().map(|row| row.key_id).collect())
}
