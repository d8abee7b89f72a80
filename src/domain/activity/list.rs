//! The entries as the page has them: narrowed, newest first, page by page.

use super::{Recorded, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{COUNTED, Cursor, Page};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of which events; all without.
    pub events: Option<Events>,
    /// By whom; by everybody without.
    pub person: Option<Person>,
    /// About what, by its id.
    pub subject_id: Option<String>,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// What to look for.
    pub search: Search,
}

/// One event, or all of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Events {
    /// The event of that name, as `api_key.edited`.
    One(String),
    /// The events of that kind, as `api_key`.
    Kind(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// The member with that id.
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
    /// Entries about the thing with exactly that id.
    Subject(String),
    /// Entries from exactly that address.
    Address(String),
    /// A part of a subject's name or id, a person's name, or an address.
    Part(String),
}

/// The page of entries that `filter` lets through; without a cursor the newest.
pub fn list(
    connection: &mut Connection,
    filter: &Filter,
    cursor: Option<&Cursor>,
) -> Result<Page<Recorded>> {
    let most = usize::try_from(COUNTED + 1).unwrap_or(usize::MAX);
    let numbers = match &filter.search {
        Search::Part(part) => store::numbers_with(connection, filter, part, most)?,
        _ => store::numbers(connection, filter, most)?,
    };
    // Looking through names a second time would cost as much as the first.
    let known = numbers.len() < most && matches!(filter.search, Search::Part(_));
    let known = known.then_some(numbers.as_slice());
    let walk = |walk: &_| store::walk(connection, filter, known, walk);
    let page = Page::load(cursor, walk, |entry| (entry.at, entry.number))?;
    Ok(page.of(i64::try_from(numbers.len()).unwrap_or(i64::MAX)))
}
