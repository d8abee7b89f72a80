//! The entries as the page has them: narrowed, newest first, page by page.

use super::{Recorded, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;

/// How many entries a page shows.
pub const PAGE: usize = 25;
/// Up to how many entries are counted; beyond, a page says "1,000+", so that it costs the same at
/// a million entries.
pub const COUNTED: usize = 1000;

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

/// A place between two entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies after the place, where entries are older, or before it.
    pub is_after: bool,
    /// How many entries lie before the place.
    pub position: u64,
    /// When the entry beside the place was made.
    pub at: Timestamp,
    /// The number of that entry.
    pub number: i64,
}

impl Cursor {
    /// Reads what [`Cursor::text`] wrote; `None` for anything else.
    pub fn parse(text: &str, is_after: bool) -> Option<Self> {
        let mut parts = text.splitn(3, '~');
        let (position, number, at) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            is_after,
            position: position.parse().ok()?,
            number: number.parse().ok()?,
            at: Timestamp::from_millis(at.parse().ok()?),
        })
    }

    /// The text that stands in the page's links.
    pub fn text(&self) -> String {
        format!("{}~{}~{}", self.position, self.number, self.at.millis())
    }
}

/// One page of entries.
#[derive(Clone, Debug)]
pub struct Page {
    pub entries: Vec<Recorded>,
    /// How many lie before the first.
    pub position: u64,
    /// How many there are, up to [`COUNTED`] and one more.
    pub total: usize,
    /// Whether there are newer ones.
    pub has_before: bool,
    /// Whether there are older ones.
    pub has_after: bool,
}

/// The page of entries that `filter` lets through; without a cursor the newest.
pub fn list(connection: &mut Connection, filter: &Filter, cursor: Option<Cursor>) -> Result<Page> {
    let numbers = match &filter.search {
        Search::Part(part) => store::numbers_with(connection, filter, part, COUNTED + 1)?,
        _ => store::numbers(connection, filter, COUNTED + 1)?,
    };
    // Looking through names a second time would cost as much as the first.
    let known = numbers.len() <= COUNTED && matches!(filter.search, Search::Part(_));
    let known = known.then_some(numbers.as_slice());
    let mut entries = store::walk(connection, filter, known, cursor, PAGE + 1)?;
    let (total, has_more) = (numbers.len(), entries.len() > PAGE);
    entries.truncate(PAGE);
    Ok(match cursor {
        None => Page { entries, position: 0, total, has_before: false, has_after: has_more },
        Some(Cursor { is_after: true, position, .. }) => {
            Page { entries, position, total, has_before: true, has_after: has_more }
        }
        Some(Cursor { position, .. }) => {
            entries.reverse();
            let before = position.saturating_sub(entries.len() as u64);
            let position = if has_more { before } else { 0 };
            Page { entries, position, total, has_before: has_more, has_after: true }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_nothing_else_is_one(
            position: u64, number: i64, at: i64, is_after: bool, text in ".{0,40}",
        ) {
            let cursor = Cursor { is_after, position, number, at: Timestamp::from_millis(at) };
            prop_assert_eq!(Cursor::parse(&cursor.text(), is_after), Some(cursor));
            let read = Cursor::parse(&text, true).map(|read| Cursor::parse(&read.text(), true));
            prop_assert!(read.is_none_or(|again| again.is_some()));
        }
    }
}
