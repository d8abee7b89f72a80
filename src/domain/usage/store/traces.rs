//! Reading counts since a day, and what several keys asked for.

use std::ops::RangeInclusive;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::base::error::Result;
use crate::db::Connection;
use crate::db::schema::{usage_days, usage_scopes};
use crate::domain::api_keys::KeyId;
use crate::domain::usage::Outcome;

/// How many requests with a key there were of each outcome in those days. Each day is looked up by
/// itself: in the table the keys of one lie together.
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

/// The keys that asked about other keys on `day`, since 1970, or later, with the last such day; only
/// among `ids` where these are given. The scope is in the text of the query, so that its own index
/// serves.
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

/// Key, scope, and the day, since 1970, on which it was last asked for.
pub(in crate::domain::usage) fn scopes_asked_of(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<Vec<(String, String, i64)>> {
    let asked = usage_scopes::table.filter(usage_scopes::key_id.eq_any(ids));
    Ok(asked
        .select((usage_scopes::key_id, usage_scopes::scope, usage_scopes::day))
        .load(connection)?)
}
