//! Deletes old data, in batches that do not block other writers for long.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::read::WEEK;
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::db::schema::denials;
use crate::domain::usage::{Retention, questions};

/// How many denials are kept in total.
const ALL_DENIALS: i64 = 200_000;
/// The approximate number of rows that are deleted at once.
const BATCH: i64 = 1_000;

/// Deletes a batch of old data. Returns whether there is more.
pub(in crate::domain::usage) fn purge(
    tx: &mut Transaction<'_>,
    retention: Retention,
    now: Timestamp,
) -> Result<bool> {
    let day = |days: i64| now.day() - days;
    let hour = |days: i64| now.hour() - days * (DAY / HOUR);
    let is_more = delete(tx, "usage_hours", ["hour", "key_id"], hour(retention.hourly))?
        || delete_addresses(tx, day(retention.hourly))?
        || delete(tx, "usage_days", ["day", "key_id"], day(retention.daily))?
        // A week is kept while any of its days is, because it is the sum of the days that are kept.
        || delete(tx, "usage_weeks", ["week", "key_id"], day(retention.daily).div_euclid(WEEK))?
        || delete(tx, "usage_totals", ["hour", "outcome"], hour(retention.daily))?
        || delete(tx, "invalid_questions", ["last_at", "mistake"], now.plus(-questions::KEPT).millis())?;
    if is_more {
        return Ok(true);
    }
    let newest = denials::table.order(denials::at.desc()).select(denials::at);
    let oldest: Option<Timestamp> = newest.offset(ALL_DENIALS - 1).first(&mut **tx).optional()?;
    let before = oldest.unwrap_or_default().max(now.plus(-retention.denials * DAY));
    delete(tx, "denials", ["at", "request_id"], before.millis())
}

/// The last row of a batch: its hour, day or time, and the next column of the index.
#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Text)]
    beside: String,
}

/// Deletes the first rows of a table in the order of `place` and `beside`, if they come before
/// `before`. Deletes ranges of an index, because SQLite would look for a list of rows among all rows
/// with the same `place`.
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

/// The same for addresses, whose index has only the day.
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
