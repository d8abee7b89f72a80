//! The SQL of the table of keys: bounded counts, and pages by keyset.
//!
//! Each view and order has an index to walk along, so that a page costs the same at a million
//! keys. OFFSET is never used.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::super::list::Search;
use super::super::{Cursor, Direction, Filter, Sort, Totals, View};
use super::{ApiKey, Row};
use crate::clock::Timestamp;
use crate::db::schema::api_keys;
use crate::db::{Connection, Transaction};
use crate::error::Result;

type Backend = <Connection as diesel::Connection>::Backend;
type Boxed<'a> = api_keys::BoxedQuery<'a, Backend>;

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    live: i64,
    #[diesel(sql_type = BigInt)]
    attention: i64,
    #[diesel(sql_type = BigInt)]
    expired: i64,
    #[diesel(sql_type = BigInt)]
    revoked: i64,
}

const COUNTS: &str = "SELECT \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT $1) AS a) AS live, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NULL \
        AND attention_at <= $2 AND expires_at > $2 ORDER BY attention_at DESC LIMIT $1) AS b) AS attention, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NULL \
        AND expires_at <= $2 LIMIT $1) AS c) AS expired, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NOT NULL LIMIT $1) AS d) AS revoked";

pub(in crate::api_keys) fn totals(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Totals> {
    let counts: Counts = diesel::sql_query(COUNTS)
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(now.millis())
        .get_result(connection)?;
    let Counts { live: all, attention, expired, revoked } = counts;
    Ok(Totals { all, attention, expired, revoked })
}

pub(in crate::api_keys) fn count_active(
    tx: &mut Transaction<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<i64> {
    let ones: Vec<i32> = api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(now.millis()))
        .limit(limit)
        .select(sql::<Integer>("1"))
        .load(&mut **tx)?;
    Ok(i64::try_from(ones.len()).unwrap_or(limit))
}

pub(in crate::api_keys) fn count(
    connection: &mut Connection,
    filter: &Filter,
    now: Timestamp,
) -> Result<i64> {
    let limit = super::super::COUNTED + 1;
    let ones: Vec<i32> =
        narrowed(filter, now).limit(limit).select(sql::<Integer>("1")).load(connection)?;
    Ok(i64::try_from(ones.len()).unwrap_or(limit))
}

/// At most `limit` rows beside the cursor, nearest first: before a cursor they come backwards.
pub(in crate::api_keys) fn page(
    connection: &mut Connection,
    filter: &Filter,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<ApiKey>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<Row> = sorted(narrowed(filter, now), filter)
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

fn narrowed(filter: &Filter, now: Timestamp) -> Boxed<'_> {
    let now = now.millis();
    let mut query = api_keys::table.into_boxed();
    query = match filter.view {
        View::All => query.filter(api_keys::revoked_at.is_null()),
        View::Attention => query
            .filter(api_keys::revoked_at.is_null())
            .filter(api_keys::attention_at.le(now))
            .filter(api_keys::expires_at.gt(now)),
        View::Expired => {
            query.filter(api_keys::revoked_at.is_null()).filter(api_keys::expires_at.le(now))
        }
        View::Revoked => query.filter(api_keys::revoked_at.is_not_null()),
    };
    if let Some(role_id) = &filter.role_id {
        query = query.filter(api_keys::role_id.eq(role_id));
    }
    if let Some(environment) = filter.environment {
        query = query.filter(api_keys::environment.eq(environment.slug()));
    }
    match Search::new(&filter.search) {
        Search::Nothing => query,
        Search::KeyId(id) => query.filter(api_keys::id.eq(id.as_str().to_owned())),
        Search::KeyIdStart(start) => {
            // '~' sorts behind every character of a Key ID.
            let end = format!("{start}~");
            query.filter(api_keys::id.ge(start)).filter(api_keys::id.lt(end))
        }
        Search::Part(part) => {
            let name = pattern(&crate::text::fold(&part));
            let id = pattern(&part.to_uppercase());
            query.filter(
                api_keys::name_folded
                    .like(name)
                    .escape('\\')
                    .or(api_keys::id.like(id).escape('\\')),
            )
        }
    }
}

/// A LIKE pattern for texts that hold `part`.
fn pattern(part: &str) -> String {
    let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

macro_rules! walk {
    ($query:ident, $column:path, $value:expr, $cursor:expr, $ascending:expr) => {{
        let id = || $cursor.map(|cursor: &Cursor| cursor.id.clone());
        match ($ascending, id()) {
            (true, None) => $query.order(($column.asc(), api_keys::id.asc())),
            (false, None) => $query.order(($column.desc(), api_keys::id.desc())),
            (true, Some(id)) => $query
                .filter($column.ge($value))
                .filter($column.gt($value).or(api_keys::id.gt(id)))
                .order(($column.asc(), api_keys::id.asc())),
            (false, Some(id)) => $query
                .filter($column.le($value))
                .filter($column.lt($value).or(api_keys::id.lt(id)))
                .order(($column.desc(), api_keys::id.desc())),
        }
    }};
}

fn sorted<'a>(query: Boxed<'a>, filter: &'a Filter) -> Boxed<'a> {
    let cursor = filter.cursor.as_ref();
    let is_after = cursor.is_none_or(|cursor| cursor.is_after);
    let ascending = (filter.direction == Direction::Ascending) == is_after;
    let text = cursor.map(|cursor| cursor.value.clone()).unwrap_or_default();
    let number: i64 = text.parse().unwrap_or_default();
    match filter.sort {
        Sort::Created => walk!(query, api_keys::created_at, number, cursor, ascending),
        Sort::Name => walk!(query, api_keys::name_folded, text.clone(), cursor, ascending),
        Sort::LastUsed => walk!(query, api_keys::last_used_at, number, cursor, ascending),
        Sort::Expires => walk!(query, api_keys::expires_at, number, cursor, ascending),
    }
}
