//! The SQL of the addresses that keys were used from.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use diesel::dsl::{max, min, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::schema::usage_addresses;
use crate::db::{Connection, Transaction, Value, load_for};
use crate::domain::api_keys::KeyId;
use crate::domain::usage::buffer::{AddressTally, Place, Tally};
use crate::domain::usage::{MAX_ADDRESSES, SeenAddress};

/// An address of a key that was just written, and its count on that day.
#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Text)]
    key_id: String,
    #[diesel(sql_type = Text)]
    address: String,
    #[diesel(sql_type = BigInt)]
    day: i64,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub(super) fn add(tx: &mut Transaction<'_>, tallies: &[(Place, &Tally)]) -> Result<()> {
    let seen = seen(tallies);
    let rows = seen.iter().map(|((key_id, address, day), seen)| {
        [
            Value::Text(key_id),
            Value::Text(address),
            Value::Number(*day),
            seen.first.into(),
            seen.last.into(),
            Value::Number(seen.count.cast_signed()),
        ]
    });
    let stored: Vec<Stored> = load_for(
        tx,
        "INSERT INTO usage_addresses (key_id, address, day, first_seen_at, last_seen_at, count) \
         VALUES ",
        &rows.collect::<Vec<_>>(),
        " ON CONFLICT (key_id, address, day) DO UPDATE SET \
         last_seen_at = CASE WHEN excluded.last_seen_at > usage_addresses.last_seen_at \
             THEN excluded.last_seen_at ELSE usage_addresses.last_seen_at END, \
         count = usage_addresses.count + excluded.count RETURNING key_id, address, day, count",
    )?;
    // If a row's count equals the count just added, the row is new.
    let keys_with_new_addresses: BTreeSet<_> = stored
        .into_iter()
        .filter_map(|Stored { key_id, address, day, count }| {
            let place = (key_id, address, day);
            let added = seen.get(&place)?.count.cast_signed();
            (count == added).then_some(place.0)
        })
        .collect();
    keys_with_new_addresses.iter().try_for_each(|key_id| forget(tx, key_id))
}

/// The addresses of each key and day once, even if the key has several secrets.
fn seen(tallies: &[(Place, &Tally)]) -> BTreeMap<(String, String, i64), AddressTally> {
    let mut all: BTreeMap<_, AddressTally> = BTreeMap::new();
    for ((secret, _), tally) in tallies {
        for seen in &tally.seen {
            let day = seen.last.day();
            let place = (secret.key_id.as_str().to_owned(), seen.address.to_string(), day);
            let known = all.entry(place).and_modify(|known| known.merge(seen));
            known.or_insert_with(|| seen.clone());
        }
    }
    all
}

fn forget(tx: &mut Transaction<'_>, key_id: &str) -> Result<()> {
    diesel::sql_query(
        "DELETE FROM usage_addresses WHERE key_id = $1 AND address NOT IN (SELECT address \
         FROM usage_addresses WHERE key_id = $1 GROUP BY address \
         ORDER BY MAX(last_seen_at) DESC LIMIT $2)",
    )
    .bind::<Text, _>(key_id)
    .bind::<BigInt, _>(i64::try_from(MAX_ADDRESSES).unwrap_or(i64::MAX))
    .execute(&mut **tx)?;
    Ok(())
}

/// The keys that were used from `address`, most recently used first, at most `limit`.
pub(in crate::domain::usage) fn keys_from(
    connection: &mut Connection,
    address: IpAddr,
    limit: i64,
) -> Result<Vec<(String, SeenAddress)>> {
    type Row = (String, Option<Timestamp>, Option<Timestamp>, i64);
    let rows: Vec<Row> = usage_addresses::table
        .filter(usage_addresses::address.eq(address.to_string()))
        .group_by(usage_addresses::key_id)
        .select((
            usage_addresses::key_id,
            min(usage_addresses::first_seen_at),
            max(usage_addresses::last_seen_at),
            sql::<BigInt>("CAST(SUM(count) AS BIGINT)"),
        ))
        .order(max(usage_addresses::last_seen_at).desc())
        .limit(limit)
        .load(connection)?;
    let seen = |(id, first, last, count): Row| {
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        (id, SeenAddress { address, first, last, count })
    };
    Ok(rows.into_iter().map(seen).collect())
}

/// How many addresses a key was used from since `at`.
pub(in crate::domain::usage) fn count_addresses(
    connection: &mut Connection,
    key_id: &KeyId,
    at: Timestamp,
) -> Result<i64> {
    let seen = usage_addresses::table
        .filter(usage_addresses::key_id.eq(key_id))
        .filter(usage_addresses::last_seen_at.ge(at));
    Ok(seen
        .select(diesel::dsl::count(usage_addresses::address).aggregate_distinct())
        .first(connection)?)
}

/// From how many addresses each of these keys was used since `at`.
pub(in crate::domain::usage) fn count_addresses_of(
    connection: &mut Connection,
    ids: &[&str],
    at: Timestamp,
) -> Result<BTreeMap<String, i64>> {
    let seen = usage_addresses::table
        .filter(usage_addresses::key_id.eq_any(ids))
        .filter(usage_addresses::last_seen_at.ge(at));
    let counts: Vec<(String, i64)> = seen
        .group_by(usage_addresses::key_id)
        .select((
            usage_addresses::key_id,
            diesel::dsl::count(usage_addresses::address).aggregate_distinct(),
        ))
        .load(connection)?;
    Ok(counts.into_iter().collect())
}

/// The addresses that a key was used from since `at`, last seen first.
pub(in crate::domain::usage) fn addresses(
    connection: &mut Connection,
    key_id: &KeyId,
    at: Timestamp,
) -> Result<Vec<SeenAddress>> {
    type Row = (String, Option<Timestamp>, Option<Timestamp>, i64);
    // Grouped in the order of the primary key, so that the database does not need to sort.
    let rows: Vec<Row> = usage_addresses::table
        .filter(usage_addresses::key_id.eq(key_id))
        .filter(usage_addresses::last_seen_at.ge(at))
        .group_by(usage_addresses::address)
        .select((
            usage_addresses::address,
            min(usage_addresses::first_seen_at),
            max(usage_addresses::last_seen_at),
            sql::<BigInt>("CAST(SUM(count) AS BIGINT)"),
        ))
        .load(connection)?;
    let seen = rows.into_iter().map(|(address, first, last, count)| {
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let address = address.parse().map_err(Error::internal)?;
        Ok(SeenAddress { address, first, last, count })
    });
    let mut all = seen.collect::<Result<Vec<_>>>()?;
    all.sort_unstable_by_key(|seen| (std::cmp::Reverse(seen.last), seen.address));
    Ok(all)
}
