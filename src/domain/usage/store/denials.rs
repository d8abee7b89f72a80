//! The SQL of requests that were refused.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::denials;
use crate::db::{Connection, Transaction, on_each};
use crate::domain::api_keys::KeyId;
use crate::domain::usage::buffer::Denials;
use crate::domain::usage::denials::{Filter, Whose};
use crate::domain::usage::{Outcome, Secret};

type Boxed<'a> = denials::BoxedQuery<'a, <Connection as diesel::Connection>::Backend>;

/// How many rows go into one statement: its parameters have a limit.
const ROWS: usize = 1_000;
/// How many denials of a key are kept.
pub(super) const OF_A_KEY: i64 = 500;
/// The same of requests that bore no genuine secret.
const OF_STRANGERS: i64 = 10_000;

/// Writes denials; of each key the newest stay.
pub(super) fn add(tx: &mut Transaction<'_>, all: &[(Option<Secret>, &Denials)]) -> Result<()> {
    let mut rows = Vec::new();
    for (secret, Denials { kind, kept, count }) in all {
        let others = count - kept.len() as u64;
        for (index, request) in kept.iter().enumerate() {
            // The last one stands for those that were not kept.
            let alike = if index + 1 == kept.len() { 1 + others } else { 1 };
            rows.push((
                denials::request_id.eq(request.id.to_string()),
                denials::key_id.eq(secret.map(|secret| secret.key_id)),
                denials::secret.eq(secret.map(|secret| secret.number)),
                denials::reason.eq(kind.reason),
                denials::detail.eq(kind.detail.as_ref()),
                denials::address.eq(kind.address.map(|address| address.to_string())),
                denials::request_line.eq(&request.line),
                denials::at.eq(request.at),
                denials::count.eq(alike.cast_signed()),
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
            .offset(OF_A_KEY - 1)
            .first(&mut **tx)
            .optional()?,
        None => newest
            .filter(denials::key_id.is_null())
            .offset(OF_STRANGERS - 1)
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

/// A refused request that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = denials)]
pub struct Denied {
    /// What its answer called it.
    pub request_id: String,
    /// The key whose secret it bore; none when that was no genuine one.
    pub key_id: Option<KeyId>,
    /// Which of the key's secrets.
    pub secret: Option<i64>,
    /// Why it was refused.
    pub reason: Outcome,
    /// The scopes that were missing, separated by spaces; the flaw of a malformed secret key; or how
    /// one began that does not exist, as `lk_prod`.
    pub detail: String,
    /// Where it came from, as far as it is known.
    pub address: Option<String>,
    /// `GET /orders/1`, as far as anybody said so.
    #[diesel(column_name = request_line)]
    pub line: String,
    pub at: Timestamp,
    /// How many requests were alike at that time, itself among them.
    pub count: i64,
}

/// The refused request with this id.
pub(in crate::domain::usage) fn denial(
    connection: &mut Connection,
    request_id: &str,
) -> Result<Option<Denied>> {
    Ok(denials::table.find(request_id).select(Denied::as_select()).first(connection).optional()?)
}

/// Denials, newest first.
pub(in crate::domain::usage) fn denials(
    connection: &mut Connection,
    filter: &Filter,
    walk: &Walk<Timestamp>,
) -> Result<Vec<Denied>> {
    let query = narrowed(filter).select(Denied::as_select());
    let query = keyset!(query, walk, desc(denials::at, denials::request_id));
    Ok(query.load(connection)?)
}

fn narrowed(filter: &Filter) -> Boxed<'_> {
    let query = denials::table.filter(denials::at.ge(filter.since)).into_boxed();
    let query = match &filter.whose {
        Whose::Everybody => query,
        Whose::Key(id) => query.filter(denials::key_id.eq(id)),
        Whose::Strangers => query.filter(denials::key_id.is_null()),
    };
    match filter.reason {
        Some(reason) => query.filter(denials::reason.eq(reason)),
        None => query,
    }
}

#[derive(QueryableByName)]
struct Refused {
    #[diesel(sql_type = Text)]
    key_id: KeyId,
}

/// The keys with many refusals since the day of `since`, or with any that bore a dead secret.
pub(in crate::domain::usage) fn refused_keys(
    connection: &mut Connection,
    since: Timestamp,
    often: i64,
    limit: i64,
) -> Result<Vec<KeyId>> {
    // The words of the index, so that it is used.
    let keys: Vec<Refused> = diesel::sql_query(
        "SELECT key_id FROM usage_days WHERE day >= $1 AND outcome <> 'pass' GROUP BY key_id \
         HAVING SUM(count) >= $2 OR SUM(CASE WHEN outcome IN \
         ('key_expired', 'key_revoked', 'secret_superseded') THEN 1 ELSE 0 END) > 0 LIMIT $3",
    )
    .bind::<BigInt, _>(since.day())
    .bind::<BigInt, _>(often)
    .bind::<BigInt, _>(limit)
    .load(connection)?;
    Ok(keys.into_iter().map(|refused| refused.key_id).collect())
}
