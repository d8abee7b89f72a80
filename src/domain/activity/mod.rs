//! The append-only record of who did what, when and from where.
//!
//! An entry is written in the transaction of what it records, so that neither exists without the
//! other. Each carries a keyed hash over the one before and a gapless number (`chain`). What can be
//! repeated without end is counted first (`tally`) and recorded by the hour (`hourly`).
//! Knows no feature: events name their subjects by kind, id and name. ASVS 16.2.1, 16.3.

mod author;
mod chain;
mod event;
mod hourly;
mod list;
mod store;
mod tally;
mod theirs;
mod verify;

pub use author::{Actor, Author, Origin};
pub use event::{Change, Entry, Event, Subject};
pub use hourly::record_ended_hours;
pub use list::{Events, Filter, Person, Search, list};
pub use store::Recorded;
pub use tally::{Occurrence, Tally, TallyKind, count, tallies};
pub use theirs::{Theirs, since};
pub use verify::{Broken, Newest, newest, verify};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::Walk;
use crate::db::{Connection, Transaction};

/// Records `entry` as done by `author`.
pub fn record(tx: &mut Transaction<'_>, author: &Author, entry: &Entry) -> Result<()> {
    let head = store::head(tx)?;
    let row = chain::link(author, entry, head.as_ref());
    store::append(tx, &row, &chain::seal(&author.keyring, row.number, &row.hash), head.is_none())
}

/// The entries about a subject, newest first, at most `limit`.
pub fn about(connection: &mut Connection, subject_id: &str, limit: i64) -> Result<Vec<Recorded>> {
    store::about(connection, subject_id, limit)
}

/// The entry with this number.
pub fn find(connection: &mut Connection, number: i64) -> Result<Option<Recorded>> {
    store::entry(connection, number)
}

/// The number of the newest entry; 0 when there is none.
pub fn last_number(connection: &mut Connection) -> Result<i64> {
    Ok(store::head(connection)?.map_or(0, |head| head.number))
}

/// The entries with numbers from the first to the second that `filter` lets through, oldest first.
pub fn range(
    connection: &mut Connection,
    filter: &Filter,
    numbers: (i64, i64),
) -> Result<Vec<Recorded>> {
    store::export(connection, filter, numbers)
}

/// The entries of an event since `since`, newest first, at most `limit`.
pub fn recent(
    connection: &mut Connection,
    event: Event,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Recorded>> {
    let events = Some(Events::One(event.as_str().to_owned()));
    let filter = Filter { events, since: Some(since), ..Filter::default() };
    store::walk(connection, &filter, None, &Walk::first(limit))
}

/// The names of all events that have happened.
pub fn event_names(connection: &mut Connection) -> Result<Vec<String>> {
    store::names(connection)
}

/// Id and latest name of the members who have done something, at most 500, by name.
pub fn people(connection: &mut Connection) -> Result<Vec<(String, String)>> {
    let mut people = store::people(connection)?;
    people.sort_by_key(|(id, name)| (name.to_lowercase(), id.clone()));
    Ok(people)
}
