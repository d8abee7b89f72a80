//! Clearing away what is old, in batches that keep nobody waiting.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::read::WEEK;
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::db::schema::denials;
use crate::domain::usage::Retention;

/// How many denials are kept of all.
const ALL_DENIALS: i64 = 200_000;
/// How many rows are deleted at once, but for a few.
const BATCH: i64 = 1_000;

/// Clears away a batch of what is old. Returns whether there is more.
pub(in crate::domain::usage) fn purge(
    tx: &mut Transaction<'_>,
    kept: Retention,
    now: Timestamp,
) -> Result<bool> {
    let day = |days: i64| now.day() - days;
    let hour = |days: i64| now.hour() - days * (DAY / HOUR);
    let is_more = delete(tx, "usage_hours", ["hour", "key_id"], hour(kept.hourly))?
        || delete_addresses(tx, day(kept.hourly))?
        || delete(tx, "usage_days", ["day", "key_id"], day(kept.daily))?
        // Weeks of which a day is kept are the sum of the days that are.
        || delete(tx, "usage_weeks", ["week", "key_id"], day(kept.daily).div_euclid(WEEK))?
        || delete(tx, "usage_totals", ["hour", "outcome"], hour(kept.daily))?;
    if is_more {
        return Ok(true);
    }
    let newest = denials::table.order(denials::at.desc()).select(denials::at);
    let oldest: Option<Timestamp> = newest.offset(ALL_DENIALS - 1).first(&mut **tx).optional()?;
    let before = oldest.unwrap_or_default().max(now.plus(-kept.denials * DAY));
    delete(tx, "denials", ["at", "request_id"], before.millis())
}

/// The last row of a batch: its hour, day or instant, and what comes next in the index.
#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Text)]
    beside: String,
}

/// Deletes the first rows of a table in the order of `place` and `beside`, as long as they come
/// before `before`. By ranges of an index: a list of rows would be looked for, in SQLite, among
/// all that have the same `place`.
fn delete(
    tx: &mut Transaction<'_>,
    table: &str,
    [place, beside]: [&str; 2],
    before: i64,
) -> Result<bool> {
    let last: Option<Last> = diesel::sql_query(format!(
        "SELECT {place} AS place, {beside} AS beside FROM {table} WHERE {place} < $1 \
         ORDER BY {place}, {beside} LIMIT 1 OFFSET $2"
    ))
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(BATCH - 1)
    .get_result(&mut **tx)
    .optional()?;
    diesel::sql_query(format!("DELETE FROM {table} WHERE {place} < $1"))
        .bind::<BigInt, _>(last.as_ref().map_or(before, |last| last.place))
        .execute(&mut **tx)?;
    let Some(last) = last else { return Ok(false) };
    diesel::sql_query(format!("DELETE FROM {table} WHERE {place} = $1 AND {beside} <= $2"))
        .bind::<BigInt, _>(last.place)
        .bind::<Text, _>(last.beside)
        .execute(&mut **tx)?;
    Ok(true)
}

/// The same of addresses, whose index by the day has nothing beside.
fn delete_addresses(tx: &mut Transaction<'_>, before: i64) -> Result<bool> {
    let deleted = diesel::sql_query(
        "DELETE FROM usage_addresses WHERE (key_id, address, day) IN (SELECT key_id, address, day \
         FROM usage_addresses WHERE day < $1 ORDER BY day LIMIT $2)",
    )
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(BATCH)
    .execute(&mut **tx)?;
    Ok(i64::try_from(deleted).is_ok_and(|deleted| deleted == BATCH))
}
