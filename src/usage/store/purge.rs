//! Clearing away what is old, in batches that keep nobody waiting.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::{DAY, HOUR, Timestamp};
use crate::db::Transaction;
use crate::db::schema::denials;
use crate::error::Result;
use crate::usage::Retention;

/// How many denials are kept of all.
const ALL_DENIALS: i64 = 200_000;
/// How many rows of a table are deleted at once.
const BATCH: i64 = 1_000;

/// Clears away a batch of each kind. Returns whether there may be more.
pub(in crate::usage) fn purge(
    tx: &mut Transaction<'_>,
    kept: Retention,
    now: Timestamp,
) -> Result<bool> {
    let day = |days: i64| now.millis().div_euclid(DAY) - days;
    let hour = |days: i64| now.millis().div_euclid(HOUR) - days * (DAY / HOUR);
    let newest = denials::table.order(denials::at.desc()).select(denials::at);
    let oldest: Option<i64> = newest.offset(ALL_DENIALS - 1).first(&mut **tx).optional()?;
    let denied_before = oldest.unwrap_or_default().max(now.plus(-kept.denials * DAY).millis());
    let mut is_more = false;
    for (table, key, column, before) in [
        ("usage_hours", "hour, key_id, secret, outcome", "hour", hour(kept.hourly)),
        ("usage_addresses", "key_id, address, day", "day", day(kept.hourly)),
        ("usage_days", "day, key_id, outcome", "day", day(kept.daily)),
        ("usage_totals", "hour, outcome", "hour", hour(kept.daily)),
        ("denials", "request_id", "at", denied_before),
    ] {
        let deleted = diesel::sql_query(format!(
            "DELETE FROM {table} WHERE ({key}) IN \
             (SELECT {key} FROM {table} WHERE {column} < $1 ORDER BY {column} LIMIT $2)"
        ))
        .bind::<BigInt, _>(before)
        .bind::<BigInt, _>(BATCH)
        .execute(&mut **tx)?;
        is_more |= i64::try_from(deleted).is_ok_and(|deleted| deleted == BATCH);
    }
    Ok(is_more)
}
