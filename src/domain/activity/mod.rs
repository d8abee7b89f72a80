//! The append-only record of who did what, when and from where.
//!
//! An entry is written in the same transaction as the change that it records, so that neither
//! exists without the other. Each entry has a number without gaps and a keyed hash that covers the
//! previous entry (`chain`). Events that can be repeated without limit are counted first (`tally`)
//! and recorded by the hour (`hourly`). This module knows no feature: events name their subjects by
//! kind, id and name. ASVS 16.2.1, 16.3.

mod chain;
mod concurrent_changes;
mod context;
mod event;
mod hourly;
mod list;
mod store;
mod tally;
mod verify;

pub use concurrent_changes::{ConcurrentChanges, since};
pub use context::{Actor, Context, Origin};
pub use event::{Change, Entry, Event, Subject};
pub use hourly::record_ended_hours;
pub use list::{Events, Filter, Person, Search, list};
pub use store::RecordedEntry;
pub use tally::{Occurrence, Tally, TallyKind, count, tallies};
pub use verify::{Broken, Checked, Newest, newest, verify, verify_on, verify_with_progress};

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::keyset::Walk;
use crate::db::{Connection, Transaction};

/// Records `entry` for the actor of `context`.
///
/// # Errors
/// [`Error::Unavailable`] if the master key was rotated and this process has not noticed it yet:
/// nothing may be recorded under the old one.
pub fn record(tx: &mut Transaction<'_>, context: &Context, entry: &Entry) -> Result<()> {
    let (head, keyring) = (store::head(tx)?, &context.keyring);
    if head.as_ref().is_some_and(|head| head.generation != keyring.generation()) {
        return Err(Error::Unavailable("the master key was rotated a moment ago".into()));
    }
    let row = chain::link(context, entry, head.as_ref());
    let head = store::Head::sealed(row.number, row.hash.clone(), keyring);
    store::append(tx, &row)?;
    store::set_head(tx, &head)
}

/// Seals the newest entry under the master key `to`, which is the next one. Entries after it are
/// recorded under that.
pub fn hand_over(tx: &mut Transaction<'_>, to: &Keyring) -> Result<()> {
    let Some(head) = store::head(tx)? else { return Ok(()) };
    store::set_head(tx, &store::Head::sealed(head.number, head.hash, to))
}

/// The newest entries about a subject, newest first, at most `limit`.
pub fn about(
    connection: &mut Connection,
    subject_id: &str,
    limit: i64,
) -> Result<Vec<RecordedEntry>> {
    store::about(connection, subject_id, limit)
}

/// The entry with this number.
pub fn find(connection: &mut Connection, number: i64) -> Result<Option<RecordedEntry>> {
    store::entry(connection, number)
}

/// The number of the newest entry; 0 if there are no entries.
pub fn last_number(connection: &mut Connection) -> Result<i64> {
    Ok(store::head(connection)?.map_or(0, |head| head.number))
}

/// The entries in the range `numbers` (first and last) that match `filter`, oldest first.
pub fn range(
    connection: &mut Connection,
    filter: &Filter,
    numbers: (i64, i64),
) -> Result<Vec<RecordedEntry>> {
    store::export(connection, filter, numbers)
}

/// The entries for an event since `since`, newest first, at most `limit`.
pub fn recent(
    connection: &mut Connection,
    event: Event,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<RecordedEntry>> {
    let events = Some(Events::One(event.as_str().to_owned()));
    let filter = Filter { events, since: Some(since), ..Filter::default() };
    store::walk(connection, &filter, None, &Walk::first(limit))
}

/// The subjects of a member's entries for an event since `since`, each with the time of the entry,
/// newest first, at most `limit` entries.
pub fn subjects_of(
    connection: &mut Connection,
    actor_id: &str,
    event: Event,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>> {
    store::subjects_of(connection, actor_id, event, since, limit)
}

/// The addresses of a member's entries for an event since `since`, each with the time of the entry,
/// newest first, at most `limit` entries.
pub fn addresses_of(
    connection: &mut Connection,
    actor_id: &str,
    event: Event,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>> {
    store::addresses_of(connection, actor_id, event, since, limit)
}

/// The names of all events that have been recorded.
pub fn event_names(connection: &mut Connection) -> Result<Vec<String>> {
    store::names(connection)
}

/// The id and latest name of the members who have entries, at most 500, sorted by name.
pub fn people(connection: &mut Connection) -> Result<Vec<(String, String)>> {
    let mut people = store::people(connection)?;
    people.sort_by_key(|(id, name)| (name.to_lowercase(), id.clone()));
    Ok(people)
}
