//! Writes counts: by hour, by day and for all keys, and which scopes were requested.

use std::collections::BTreeMap;

use crate::base::clock::{DAY, HOUR};
use crate::base::error::Result;
use crate::db::{Transaction, Value, execute_for};
use crate::domain::usage::Outcome;
use crate::domain::usage::buffer::{Counts, Place, Tally};

type Tallies<'a> = [(Place, &'a Tally)];

/// Hours in a day.
const HOURS: i64 = DAY / HOUR;

pub(super) fn add_hours(tx: &mut Transaction<'_>, tallies: &Tallies<'_>) -> Result<()> {
    let mut all = BTreeMap::new();
    for ((secret, hour), tally) in tallies {
        for (outcome, count) in counted(tally.counts) {
            all.insert((*hour, secret, outcome), count);
        }
    }
    let rows = all.iter().map(|((hour, secret, outcome), count)| {
        let (key_id, number) = (Value::Text(secret.key_id.as_str()), Value::Number(secret.number));
        [Value::Number(*hour), key_id, number, Value::Text(outcome), Value::Number(*count)]
    });
    add(tx, "usage_hours", "hour, key_id, secret, outcome", &rows.collect::<Vec<_>>())
}

pub(super) fn add_days(tx: &mut Transaction<'_>, tallies: &Tallies<'_>) -> Result<()> {
    let mut all: BTreeMap<_, i64> = BTreeMap::new();
    for ((secret, hour), tally) in tallies {
        for (outcome, count) in counted(tally.counts) {
            let day = hour.div_euclid(HOURS);
            *all.entry((day, secret.key_id.as_str(), outcome)).or_default() += count;
        }
    }
    let rows = all.iter().map(|((day, key_id, outcome), count)| {
        [Value::Number(*day), Value::Text(key_id), Value::Text(outcome), Value::Number(*count)]
    });
    add(tx, "usage_days", "day, key_id, outcome", &rows.collect::<Vec<_>>())
}

pub(super) fn add_totals(
    tx: &mut Transaction<'_>,
    tallies: &Tallies<'_>,
    strangers: &BTreeMap<i64, Counts>,
) -> Result<()> {
    let mut all: BTreeMap<_, i64> = BTreeMap::new();
    let known = tallies.iter().map(|((_, hour), tally)| (*hour, tally.counts));
    for (hour, counts) in known.chain(strangers.iter().map(|(hour, counts)| (*hour, *counts))) {
        for (outcome, count) in counted(counts) {
            *all.entry((hour, outcome)).or_default() += count;
        }
    }
    let rows = all.iter().map(|((hour, outcome), count)| {
        [Value::Number(*hour), Value::Text(outcome), Value::Number(*count)]
    });
    add(tx, "usage_totals", "hour, outcome", &rows.collect::<Vec<_>>())
}

/// Records which scopes were requested. Writes nothing for scopes already recorded on the same day.
pub(super) fn add_scopes(tx: &mut Transaction<'_>, tallies: &Tallies<'_>) -> Result<()> {
    let mut requested = BTreeMap::new();
    for ((secret, hour), tally) in tallies {
        for scope in &tally.scopes {
            let day: &mut i64 = requested.entry((secret.key_id.as_str(), &**scope)).or_default();
            *day = hour.div_euclid(HOURS).max(*day);
        }
    }
    let rows: Vec<_> = requested
        .iter()
        .map(|((key_id, scope), day)| {
            [Value::Text(key_id), Value::Text(scope), Value::Number(*day)]
        })
        .collect();
    execute_for(
        tx,
        "INSERT INTO usage_scopes (key_id, scope, day) VALUES ",
        &rows,
        " ON CONFLICT (key_id, scope) DO UPDATE SET day = excluded.day \
         WHERE usage_scopes.day < excluded.day",
    )
}

fn counted(counts: Counts) -> impl Iterator<Item = (&'static str, i64)> {
    let all = Outcome::ALL.iter().zip(counts).filter(|(_, count)| *count > 0);
    all.map(|(outcome, count)| (outcome.as_str(), i64::from(count)))
}

/// Adds rows, each with its count in the last column, to the counts of a table.
fn add<const N: usize>(
    tx: &mut Transaction<'_>,
    table: &str,
    key: &str,
    rows: &[[Value<'_>; N]],
) -> Result<()> {
    let into = format!("INSERT INTO {table} ({key}, count) VALUES ");
    let on_conflict =
        format!(" ON CONFLICT ({key}) DO UPDATE SET count = {table}.count + excluded.count");
    execute_for(tx, &into, rows, &on_conflict)
}
