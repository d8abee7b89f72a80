//! The SQL of the activity. Entries are only added, never changed or deleted.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::schema::{activity, activity_head};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{Event, chain};

mod recorded;
mod search;
pub(super) mod tally;
mod terms;

pub use recorded::RecordedEntry;
pub(super) use search::{export, names, numbers, people, walk};
pub(super) use terms::numbers_with;

/// The newest entry, sealed under the master key with the number `generation`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = activity_head)]
pub(super) struct Head {
    pub number: i64,
    pub hash: Vec<u8>,
    seal: Vec<u8>,
    pub generation: i32,
}

impl Head {
    pub(super) fn sealed(number: i64, hash: Vec<u8>, keyring: &Keyring) -> Self {
        let seal = chain::seal(keyring, number, &hash);
        Self { number, hash, seal, generation: keyring.generation() }
    }
}

pub(super) fn head(connection: &mut Connection) -> Result<Option<Head>> {
    Ok(activity_head::table.select(Head::as_select()).first(connection).optional()?)
}

pub(super) fn append(tx: &mut Transaction<'_>, row: &RecordedEntry) -> Result<()> {
    diesel::insert_into(activity::table).values(row).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_head(tx: &mut Transaction<'_>, head: &Head) -> Result<()> {
    if diesel::update(activity_head::table).set(head).execute(&mut **tx)? == 0 {
        diesel::insert_into(activity_head::table)
            .values((activity_head::id.eq(1), head))
            .execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn about(
    connection: &mut Connection,
    subject_id: &str,
    limit: i64,
) -> Result<Vec<RecordedEntry>> {
    Ok(activity::table
        .filter(activity::subject_id.eq(subject_id))
        .order((activity::at.desc(), activity::number.desc()))
        .limit(limit)
        .select(RecordedEntry::as_select())
        .load(connection)?)
}

/// The subjects of a member's entries for an event, with the times of the entries, newest first.
pub(super) fn subjects_of(
    connection: &mut Connection,
    actor_id: &str,
    event: Event,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>> {
    Ok(by_member(actor_id, event, since, limit)
        .filter(activity::subject_id.is_not_null())
        .select((activity::subject_id.assume_not_null(), activity::at))
        .load(connection)?)
}

/// The addresses of a member's entries for an event, with the times of the entries, newest first.
pub(super) fn addresses_of(
    connection: &mut Connection,
    actor_id: &str,
    event: Event,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>> {
    Ok(by_member(actor_id, event, since, limit)
        .filter(activity::address.is_not_null())
        .select((activity::address.assume_not_null(), activity::at))
        .load(connection)?)
}

/// A member's entries for an event, newest first.
fn by_member(actor_id: &str, event: Event, since: Timestamp, limit: i64) -> search::Boxed<'_> {
    activity::table
        .into_boxed()
        .filter(activity::actor_id.eq(actor_id))
        .filter(activity::event.eq(event.as_str()))
        .filter(activity::at.ge(since))
        .order((activity::at.desc(), activity::number.desc()))
        .limit(limit)
}

pub(super) fn entry(connection: &mut Connection, number: i64) -> Result<Option<RecordedEntry>> {
    let entry = activity::table.find(number).select(RecordedEntry::as_select());
    Ok(entry.first(connection).optional()?)
}

/// The entries with the numbers `from` to `to`, oldest first.
pub(super) fn range(connection: &mut Connection, from: i64, to: i64) -> Result<Vec<RecordedEntry>> {
    Ok(activity::table
        .filter(activity::number.between(from, to))
        .order(activity::number)
        .select(RecordedEntry::as_select())
        .load(connection)?)
}

/// The seal, and the numbers of the first and last entry.
pub(super) struct Ends {
    /// Number, hash and seal of the newest entry.
    pub head: Option<(i64, Vec<u8>, Vec<u8>)>,
    pub first: Option<i64>,
    pub last: Option<i64>,
}

#[derive(QueryableByName)]
struct EndsRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    hash: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    seal: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    first: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

/// One statement, so that all values are from the same snapshot.
const ENDS: &str = "SELECT h.number AS number, h.hash AS hash, h.seal AS seal, \
    (SELECT MIN(number) FROM activity) AS first, (SELECT MAX(number) FROM activity) AS last \
    FROM (SELECT 1 AS id) AS one LEFT JOIN activity_head AS h ON h.id = one.id";

pub(super) fn ends(connection: &mut Connection) -> Result<Ends> {
    let row: EndsRow = diesel::sql_query(ENDS).get_result(connection)?;
    let head = row.number.zip(row.hash).zip(row.seal);
    let head = head.map(|((number, hash), seal)| (number, hash, seal));
    Ok(Ends { head, first: row.first, last: row.last })
}
