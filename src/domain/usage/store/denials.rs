//! The SQL of requests that were refused.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::denials;
use crate::db::{Connection, Transaction, on_each};
use crate::domain::api_keys::KeyId;
use crate::domain::usage::buffer::Denials;
use crate::domain::usage::denials::{Denied, Filter, Whose};
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
                denials::reason.eq(kind.reason.code()),
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = denials)]
struct Row {
    request_id: String,
    key_id: Option<KeyId>,
    secret: Option<i64>,
    reason: String,
    detail: String,
    address: Option<String>,
    request_line: String,
    at: Timestamp,
    count: i64,
}

/// The refused request with this id.
pub(in crate::domain::usage) fn denial(
    connection: &mut Connection,
    request_id: &str,
) -> Result<Option<Denied>> {
    let found: Option<Row> =
        denials::table.find(request_id).select(Row::as_select()).first(connection).optional()?;
    found.map(TryInto::try_into).transpose()
}

/// Denials, newest first.
pub(in crate::domain::usage) fn denials(
    connection: &mut Connection,
    filter: &Filter,
    walk: &Walk<Timestamp>,
) -> Result<Vec<Denied>> {
    let query = narrowed(filter).select(Row::as_select());
    let query = keyset!(query, walk, desc(denials::at, denials::request_id));
    let rows: Vec<Row> = query.load(connection)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

fn narrowed(filter: &Filter) -> Boxed<'_> {
    let query = denials::table.filter(denials::at.ge(filter.since)).into_boxed();
    let query = match &filter.whose {
        Whose::Everybody => query,
        Whose::Key(id) => query.filter(denials::key_id.eq(id)),
        Whose::Strangers => query.filter(denials::key_id.is_null()),
    };
    match filter.reason {
        Some(reason) => query.filter(denials::reason.eq(reason.code())),
        None => query,
    }
}

impl TryFrom<Row> for Denied {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            request_id: row.request_id,
            key_id: row.key_id,
            secret: row.secret,
            reason: Outcome::parse(&row.reason).ok_or_else(|| Error::internal("a bad reason"))?,
            detail: row.detail,
            address: row.address,
            line: row.request_line,
            at: row.at,
            count: row.count,
        })
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
    .bind::<BigInt, _>(since.millis().div_euclid(DAY))
    .bind::<BigInt, _>(often)
    .bind::<BigInt, _>(limit)
    .load(connection)?;
    Ok(keys.into_iter().map(|refused| refused.key_id).collect())
}
