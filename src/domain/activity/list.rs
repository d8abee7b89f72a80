//! The list of entries: filtered, newest first, in pages.

use super::{RecordedEntry, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Cursor, MAX_COUNTED, Page};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these events; all events if `None`.
    pub events: Option<Events>,
    /// Only by this person; by everybody if `None`.
    pub person: Option<Person>,
    /// Only about the subject with this id.
    pub subject_id: Option<String>,
    /// Only from this time on.
    pub since: Option<Timestamp>,
    /// The search of the page.
    pub search: Search,
}

/// One event, all events of one kind, or all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Events {
    /// The event with this name, for example `api_key.edited`.
    One(String),
    /// All events of this kind, for example `api_key`.
    Kind(String),
    /// All events that are not of this kind.
    NotKind(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// The member with this id.
    Member(String),
    /// Somebody with a shell on the machine.
    CommandLine,
    /// Somebody who had not signed in.
    Anonymous,
    System,
}

/// What a search text looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Search {
    #[default]
    Nothing,
    /// Entries about the subject with exactly this id.
    Subject(String),
    /// Entries from exactly this address.
    Address(String),
    /// Part of a subject's name or id, a person's name, or an address.
    Part(String),
}

/// The page of entries that match `filter`. Without a cursor, the newest entries.
pub fn list(
    connection: &mut Connection,
    filter: &Filter,
    cursor: Option<&Cursor>,
) -> Result<Page<RecordedEntry>> {
    let limit = usize::try_from(MAX_COUNTED + 1).unwrap_or(usize::MAX);
    let numbers = match &filter.search {
        Search::Part(part) => store::numbers_with(connection, filter, part, limit)?,
        _ => store::numbers(connection, filter, limit)?,
    };
    // Searching the names a second time would cost as much as the first time.
    let known = numbers.len() < limit && matches!(filter.search, Search::Part(_));
    let known = known.then_some(numbers.as_slice());
    let walk = |walk: &_| store::walk(connection, filter, known, walk);
    let page = Page::load(cursor, walk, |entry| (entry.at, entry.number))?;
    Ok(page.of(i64::try_from(numbers.len()).unwrap_or(i64::MAX)))
}
