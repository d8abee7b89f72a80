//! Reads counts.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use diesel::dsl::{exists, select, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::clock::{HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::schema::{usage_days, usage_hours, usage_scopes, usage_totals};
use crate::domain::api_keys::KeyId;
use crate::domain::usage::series::Count;
use crate::domain::usage::{Outcome, Period, Unit};

/// In PostgreSQL, the sum of BIGINTs is a NUMERIC.
const SUM: &str = "CAST(COALESCE(SUM(count), 0) AS BIGINT)";

/// Days in a week of counts. Weeks begin on a Thursday, as 1970 did.
pub(super) const WEEK: i64 = 7;

type Row = (i64, Outcome, i64);

/// The counts of a key's requests. Each hour or day is looked up separately, because the tables
/// group the keys of each hour or day together.
pub(in crate::domain::usage) fn of_key(
    connection: &mut Connection,
    key_id: &KeyId,
    period: Period,
    now: Timestamp,
) -> Result<Vec<Count>> {
    let units: Vec<i64> = period.units(now).collect();
    let rows: Vec<Row> = match period.unit() {
        Unit::Hour => usage_hours::table
            .filter(usage_hours::hour.eq_any(units))
            .filter(usage_hours::key_id.eq(key_id))
            .select((usage_hours::hour, usage_hours::outcome, usage_hours::count))
            .load(connection)?,
        Unit::Day => usage_days::table
            .filter(usage_days::day.eq_any(units))
            .filter(usage_days::key_id.eq(key_id))
            .select((usage_days::day, usage_days::outcome, usage_days::count))
            .load(connection)?,
    };
    Ok(counts(rows, 1))
}

/// The counts of all requests.
pub(in crate::domain::usage) fn of_all(
    connection: &mut Connection,
    period: Period,
    now: Timestamp,
) -> Result<Vec<Count>> {
    let (first, last) = (period.start(now).hour(), now.hour());
    let rows: Vec<Row> = usage_totals::table
        .filter(usage_totals::hour.between(first, last))
        .select((usage_totals::hour, usage_totals::outcome, usage_totals::count))
        .load(connection)?;
    Ok(counts(rows, period.unit().length() / HOUR))
}

pub(in crate::domain::usage) fn has_requests(connection: &mut Connection) -> Result<bool> {
    Ok(select(exists(usage_totals::table.select(usage_totals::hour))).get_result(connection)?)
}

pub(in crate::domain::usage) fn has_allowed_requests(connection: &mut Connection) -> Result<bool> {
    let allowed = usage_totals::table.filter(usage_totals::outcome.eq(Outcome::Pass));
    Ok(select(exists(allowed.select(usage_totals::hour))).get_result(connection)?)
}

fn counts(rows: Vec<Row>, hours: i64) -> Vec<Count> {
    let count =
        |(unit, outcome, requests): Row| Count { unit: unit.div_euclid(hours), outcome, requests };
    rows.into_iter().map(count).collect()
}

/// The number of requests with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Busy {
    #[diesel(sql_type = Text)]
    pub key_id: KeyId,
    #[diesel(sql_type = BigInt)]
    pub passed: i64,
    #[diesel(sql_type = BigInt)]
    pub denied: i64,
}

/// The `limit` keys with the most requests, including denied ones.
pub(in crate::domain::usage) fn busiest(
    connection: &mut Connection,
    period: Period,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Busy>> {
    // Longer periods start with a day. The days before the first whole week are read by day, the
    // rest by week.
    let counted = if period == Period::Hours24 {
        counted("hour", &period.units(now))
    } else {
        let days = days(period, now);
        let week = |day: i64| day.div_euclid(WEEK);
        let (first, last) = (week(days.start() + WEEK - 1), week(*days.end()));
        let before = *days.start()..=first * WEEK - 1;
        format!("{} UNION ALL {}", counted("day", &before), counted("week", &(first..=last)))
    };
    Ok(diesel::sql_query(format!(
        "SELECT key_id, \
         CAST(SUM(CASE WHEN outcome = 'pass' THEN count ELSE 0 END) AS BIGINT) AS passed, \
         CAST(SUM(CASE WHEN outcome = 'pass' THEN 0 ELSE count END) AS BIGINT) AS denied \
         FROM ({counted}) AS counted GROUP BY key_id HAVING SUM(count) > 0 \
         ORDER BY SUM(count) DESC, key_id LIMIT $1"
    ))
    .bind::<BigInt, _>(limit)
    .load(connection)?)
}

/// A query for the counts by `hour`, `day` or `week` in this range.
fn counted(unit: &str, range: &RangeInclusive<i64>) -> String {
    let (first, last) = (range.start(), range.end());
    format!(
        "SELECT key_id, outcome, count FROM usage_{unit}s WHERE {unit} BETWEEN {first} AND {last}"
    )
}

/// The counts of the requests with these keys, of which there may be a few hundred.
pub(in crate::domain::usage) fn of_keys(
    connection: &mut Connection,
    ids: &[&str],
    period: Period,
    now: Timestamp,
) -> Result<BTreeMap<String, Vec<(Outcome, i64)>>> {
    let rows: Vec<(String, Outcome, i64)> = match period {
        Period::Hours24 => usage_hours::table
            .filter(usage_hours::hour.eq_any(period.units(now).collect::<Vec<_>>()))
            .filter(usage_hours::key_id.eq_any(ids))
            .group_by((usage_hours::key_id, usage_hours::outcome))
            .select((usage_hours::key_id, usage_hours::outcome, sql::<BigInt>(SUM)))
            .load(connection)?,
        _ => usage_days::table
            .filter(usage_days::day.eq_any(days(period, now).collect::<Vec<_>>()))
            .filter(usage_days::key_id.eq_any(ids))
            .group_by((usage_days::key_id, usage_days::outcome))
            .select((usage_days::key_id, usage_days::outcome, sql::<BigInt>(SUM)))
            .load(connection)?,
    };
    let mut all: BTreeMap<String, Vec<(Outcome, i64)>> = BTreeMap::new();
    for (key_id, outcome, count) in rows {
        all.entry(key_id).or_default().push((outcome, count));
    }
    Ok(all)
}

/// The days on which requests with these keys were allowed, by key and in order.
pub(in crate::domain::usage) fn days_in_use(
    connection: &mut Connection,
    ids: &[&str],
    days: RangeInclusive<i64>,
) -> Result<Vec<(KeyId, i64)>> {
    Ok(usage_days::table
        .filter(usage_days::day.eq_any(days.collect::<Vec<_>>()))
        .filter(usage_days::key_id.eq_any(ids))
        .filter(usage_days::outcome.eq(Outcome::Pass))
        .order((usage_days::key_id, usage_days::day))
        .select((usage_days::key_id, usage_days::day))
        .load(connection)?)
}

fn days(period: Period, now: Timestamp) -> RangeInclusive<i64> {
    let day = |at: Timestamp| at.day();
    day(period.start(now))..=day(now)
}

/// How many requests with a key were allowed in this hour and the 23 before it.
pub(in crate::domain::usage) fn passed_in_a_day(
    connection: &mut Connection,
    key_id: &KeyId,
    now: Timestamp,
) -> Result<i64> {
    let counts = usage_hours::table
        .filter(usage_hours::hour.eq_any(Period::Hours24.units(now).collect::<Vec<_>>()))
        .filter(usage_hours::key_id.eq(key_id))
        .filter(usage_hours::outcome.eq(Outcome::Pass));
    Ok(counts.select(sql::<BigInt>(SUM)).first(connection)?)
}

/// The same for each of the key's secrets, by its number.
pub(in crate::domain::usage) fn passed_by_secret(
    connection: &mut Connection,
    key_id: &KeyId,
    now: Timestamp,
) -> Result<BTreeMap<i64, i64>> {
    let rows: Vec<(i64, i64)> = usage_hours::table
        .filter(usage_hours::hour.eq_any(Period::Hours24.units(now).collect::<Vec<_>>()))
        .filter(usage_hours::key_id.eq(key_id))
        .filter(usage_hours::outcome.eq(Outcome::Pass))
        .group_by(usage_hours::secret)
        .select((usage_hours::secret, sql::<BigInt>(SUM)))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// Which of its scopes a key's requests have asked for, and on which day last, in days since 1970.
pub(in crate::domain::usage) fn scope_requests(
    connection: &mut Connection,
    key_id: &KeyId,
) -> Result<BTreeMap<String, i64>> {
    let requested = usage_scopes::table.filter(usage_scopes::key_id.eq(key_id));
    let rows: Vec<(String, i64)> =
        requested.select((usage_scopes::scope, usage_scopes::day)).load(connection)?;
    Ok(rows.into_iter().collect())
}
