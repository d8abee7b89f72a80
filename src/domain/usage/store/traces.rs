//! Reads counts since a day, and the scopes that several keys asked for.

use std::ops::RangeInclusive;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::base::error::Result;
use crate::db::Connection;
use crate::db::schema::{usage_days, usage_scopes};
use crate::domain::api_keys::KeyId;
use crate::domain::usage::Outcome;

/// How many requests with a key had each outcome on these days. Each day is looked up separately,
/// because the table groups the keys of each day together.
pub(in crate::domain::usage) fn counts_since(
    connection: &mut Connection,
    key_id: &KeyId,
    days: RangeInclusive<i64>,
) -> Result<Vec<(Outcome, i64)>> {
    Ok(usage_days::table
        .filter(usage_days::day.eq_any(days.collect::<Vec<_>>()))
        .filter(usage_days::key_id.eq(key_id))
        .group_by(usage_days::outcome)
        .select((usage_days::outcome, sql::<BigInt>("CAST(COALESCE(SUM(count), 0) AS BIGINT)")))
        .load(connection)?)
}

/// The keys that introspected other keys on `day` (since 1970) or later, with the last such day; if
/// `ids` is given, only those keys. The scope is a literal in the query, so that the database uses
/// the scope's own index.
pub(in crate::domain::usage) fn introspecting(
    connection: &mut Connection,
    ids: Option<&[&str]>,
    day: i64,
    limit: i64,
) -> Result<Vec<(String, i64)>> {
    let is_scope = sql::<Bool>("scope = 'latchkey:introspect'");
    let mut query = usage_scopes::table
        .filter(is_scope)
        .filter(usage_scopes::day.ge(day))
        .order((usage_scopes::day, usage_scopes::key_id))
        .select((usage_scopes::key_id, usage_scopes::day))
        .limit(limit)
        .into_boxed();
    if let Some(ids) = ids {
        query = query.filter(usage_scopes::key_id.eq_any(ids.to_vec()));
    }
    Ok(query.load(connection)?)
}

/// Each key, scope, and the day on which it was last requested, in days since 1970.
pub(in crate::domain::usage) fn scope_requests_of(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<Vec<(String, String, i64)>> {
    let rows = usage_scopes::table.filter(usage_scopes::key_id.eq_any(ids));
    Ok(rows
        .select((usage_scopes::key_id, usage_scopes::scope, usage_scopes::day))
        .load(connection)?)
}
