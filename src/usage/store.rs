//! The SQL of counts, addresses and denials.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::buffer::{Buffer, Denials, Seen, Tally};
use super::{Outcome, Secret};
use crate::api_keys::{self, KeyId, Used};
use crate::clock::Timestamp;
use crate::db::schema::{denials, usage_addresses, usage_hours};
use crate::db::{Connection, Transaction, on_each, rows_of};
use crate::error::Result;

/// How many addresses of a key are kept: those that were seen last.
const ADDRESSES: i64 = 100;
/// How many denials of a key are kept.
const DENIALS: i64 = 500;
/// The same of requests that bore no genuine secret.
const STRANGERS_DENIALS: i64 = 10_000;
/// The same of all.
const ALL_DENIALS: i64 = 200_000;
/// How many rows go into one statement: its parameters have a limit.
const ROWS: usize = 1_000;

/// Adds what was counted to what is known.
pub(super) fn write(tx: &mut Transaction<'_>, counted: &Buffer) -> Result<()> {
    let tallies = counted.tallies();
    add_counts(tx, &tallies)?;
    add_addresses(tx, &tallies)?;
    let used = tallies.iter().filter_map(|((secret, _), tally)| {
        let (at, address) = tally.last?;
        Some(Used { key_id: secret.key_id, at, address })
    });
    api_keys::used(tx, used)?;
    deny(tx, &counted.denials().collect::<Vec<_>>())
}

fn add_counts(tx: &mut Transaction<'_>, tallies: &[((Secret, i64), &Tally)]) -> Result<()> {
    let mut counts = Vec::new();
    for ((secret, hour), tally) in tallies {
        for (outcome, count) in Outcome::ALL.iter().zip(tally.counts).filter(|(_, n)| *n > 0) {
            counts.push((secret, *hour, outcome.code(), i64::from(count)));
        }
    }
    for counts in counts.chunks(ROWS) {
        let statement = format!(
            "INSERT INTO usage_hours (key_id, secret, hour, outcome, count) VALUES {} \
             ON CONFLICT (key_id, secret, hour, outcome) \
             DO UPDATE SET count = usage_hours.count + excluded.count",
            rows_of(tx, 5, counts.len())
        );
        on_each!(&mut **tx, native => {
            let mut query = diesel::sql_query(statement).into_boxed();
            for (secret, hour, outcome, count) in counts {
                query = query
                    .bind::<Text, _>(secret.key_id.as_str())
                    .bind::<BigInt, _>(secret.number)
                    .bind::<BigInt, _>(hour)
                    .bind::<Text, _>(outcome)
                    .bind::<BigInt, _>(count);
            }
            query.execute(native)?
        });
    }
    Ok(())
}

/// An address of a key that is in the table now, and how often it was seen.
#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Text)]
    key_id: String,
    #[diesel(sql_type = Text)]
    address: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn add_addresses(tx: &mut Transaction<'_>, tallies: &[((Secret, i64), &Tally)]) -> Result<()> {
    let mut grown = BTreeSet::new();
    let seen = seen(tallies);
    for addresses in seen.iter().collect::<Vec<_>>().chunks(ROWS) {
        let statement = format!(
            "INSERT INTO usage_addresses (key_id, address, first_seen_at, last_seen_at, count) \
             VALUES {} ON CONFLICT (key_id, address) DO UPDATE SET \
             last_seen_at = CASE WHEN excluded.last_seen_at > usage_addresses.last_seen_at \
                 THEN excluded.last_seen_at ELSE usage_addresses.last_seen_at END, \
             count = usage_addresses.count + excluded.count RETURNING key_id, address, count",
            rows_of(tx, 5, addresses.len())
        );
        let stored: Vec<Stored> = on_each!(&mut **tx, native => {
            let mut query = diesel::sql_query(statement).into_boxed();
            for ((key_id, address), seen) in addresses {
                query = query
                    .bind::<Text, _>(key_id)
                    .bind::<Text, _>(address)
                    .bind::<BigInt, _>(seen.first.millis())
                    .bind::<BigInt, _>(seen.last.millis())
                    .bind::<BigInt, _>(seen.count.cast_signed());
            }
            query.load(native)?
        });
        // A row that holds no more than was just added is new.
        grown.extend(stored.into_iter().filter_map(|Stored { key_id, address, count }| {
            let place = (key_id, address);
            let added = seen.get(&place)?.count.cast_signed();
            (count == added).then_some(place.0)
        }));
    }
    grown.iter().try_for_each(|key_id| forget_addresses(tx, key_id))
}

/// The addresses of each key once, also when it has several secrets.
fn seen(tallies: &[((Secret, i64), &Tally)]) -> BTreeMap<(String, String), Seen> {
    let mut all: BTreeMap<_, Seen> = BTreeMap::new();
    for ((secret, _), tally) in tallies {
        for seen in &tally.seen {
            let place = (secret.key_id.as_str().to_owned(), seen.address.to_string());
            let known = all.entry(place).and_modify(|known| known.merge(seen));
            known.or_insert_with(|| seen.clone());
        }
    }
    all
}

fn forget_addresses(tx: &mut Transaction<'_>, key_id: &str) -> Result<()> {
    diesel::sql_query(
        "DELETE FROM usage_addresses WHERE key_id = $1 AND last_seen_at < (SELECT last_seen_at \
         FROM usage_addresses WHERE key_id = $1 ORDER BY last_seen_at DESC LIMIT 1 OFFSET $2)",
    )
    .bind::<Text, _>(key_id)
    .bind::<BigInt, _>(ADDRESSES - 1)
    .execute(&mut **tx)?;
    Ok(())
}

/// Writes denials; of each key the newest stay.
fn deny(tx: &mut Transaction<'_>, all: &[(Option<Secret>, &Denials)]) -> Result<()> {
    let mut rows = Vec::new();
    for (secret, Denials { kind, kept, count }) in all {
        let others = count - kept.len() as u64;
        for (index, request) in kept.iter().enumerate() {
            // The last one stands for those that were not kept.
            let alike = if index + 1 == kept.len() { 1 + others } else { 1 };
            rows.push((
                denials::request_id.eq(request.id.to_string()),
                denials::key_id.eq(secret.map(|secret| secret.key_id.as_str().to_owned())),
                denials::secret.eq(secret.map(|secret| secret.number)),
                denials::reason.eq(kind.reason.code()),
                denials::detail.eq(&kind.detail),
                denials::address.eq(kind.address.map(|address| address.to_string())),
                denials::request_line.eq(&request.line),
                denials::at.eq(request.at.millis()),
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
    keys.into_iter().try_for_each(|key_id| forget_denials(tx, key_id))
}

fn forget_denials(tx: &mut Transaction<'_>, key_id: Option<KeyId>) -> Result<()> {
    let newest = denials::table.order(denials::at.desc()).select(denials::at).limit(1);
    let oldest: Option<i64> = match &key_id {
        Some(id) => newest
            .filter(denials::key_id.eq(id.as_str()))
            .offset(DENIALS - 1)
            .first(&mut **tx)
            .optional()?,
        None => newest
            .filter(denials::key_id.is_null())
            .offset(STRANGERS_DENIALS - 1)
            .first(&mut **tx)
            .optional()?,
    };
    let Some(oldest) = oldest else { return Ok(()) };
    let older = diesel::delete(denials::table).filter(denials::at.lt(oldest));
    match &key_id {
        Some(id) => older.filter(denials::key_id.eq(id.as_str())).execute(&mut **tx)?,
        None => older.filter(denials::key_id.is_null()).execute(&mut **tx)?,
    };
    Ok(())
}

pub(super) fn purge_denials(tx: &mut Transaction<'_>, before: Timestamp) -> Result<()> {
    let newest = denials::table.order(denials::at.desc()).select(denials::at);
    let oldest: Option<i64> = newest.offset(ALL_DENIALS - 1).first(&mut **tx).optional()?;
    let before = oldest.unwrap_or_default().max(before.millis());
    diesel::delete(denials::table.filter(denials::at.lt(before))).execute(&mut **tx)?;
    Ok(())
}

/// How many requests with a key passed since `hour`.
pub(super) fn passed_since(connection: &mut Connection, key_id: &KeyId, hour: i64) -> Result<i64> {
    let counts = usage_hours::table
        .filter(usage_hours::key_id.eq(key_id.as_str()))
        .filter(usage_hours::hour.ge(hour))
        .filter(usage_hours::outcome.eq(Outcome::Pass.code()));
    // The sum of BIGINTs is a NUMERIC to PostgreSQL.
    let sum = sql::<BigInt>("CAST(COALESCE(SUM(count), 0) AS BIGINT)");
    Ok(counts.select(sum).first(connection)?)
}

/// From how many addresses a key was used since `at`, in milliseconds.
pub(super) fn addresses_since(connection: &mut Connection, key_id: &KeyId, at: i64) -> Result<i64> {
    let seen = usage_addresses::table
        .filter(usage_addresses::key_id.eq(key_id.as_str()))
        .filter(usage_addresses::last_seen_at.ge(at));
    Ok(seen.count().get_result(connection)?)
}
