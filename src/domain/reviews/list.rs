//! The items of a review, page by page in the order of their names.

use super::{Decision, Item, ReviewId, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::domain::api_keys::KeyId;

/// How many items a page shows.
const PAGE: usize = 25;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Those that need a decision.
    #[default]
    Undecided,
    All,
    /// Those decided in that way.
    Decided(Decision),
}

impl View {
    /// Its word in addresses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::All => "all",
            Self::Decided(decision) => decision.as_str(),
        }
    }

    /// The view with that word; the default for anything else.
    pub fn parse(word: &str) -> Self {
        if word == "all" {
            return Self::All;
        }
        Decision::parse(word).map_or_else(Self::default, Self::Decided)
    }
}

/// A place between two items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies after the place, or before it.
    pub is_after: bool,
    /// The name, as names are compared, of the item beside the place.
    pub name: String,
    pub key_id: KeyId,
}

impl Cursor {
    /// Reads what [`Cursor::text`] wrote; `None` for anything else.
    pub fn parse(text: &str, is_after: bool) -> Option<Self> {
        let (key_id, name) = text.split_once('~')?;
        // No name of ours holds one, and PostgreSQL takes no NUL.
        let is_name = !name.contains(char::is_control);
        let key_id = KeyId::parse(key_id)?;
        is_name.then(|| Self { is_after, name: name.to_owned(), key_id })
    }

    /// The text that stands in the page's links.
    pub fn text(&self) -> String {
        format!("{}~{}", self.key_id.as_str(), self.name)
    }

    /// The place beside `item`.
    pub fn beside(item: &Item, is_after: bool) -> Self {
        Self { is_after, name: text::sort_key(&item.name), key_id: item.key_id }
    }
}

/// One page of items.
#[derive(Clone, Debug)]
pub struct Page {
    /// The items, by name.
    pub items: Vec<Item>,
    /// Whether there are some before.
    pub has_before: bool,
    /// Whether there are some after.
    pub has_after: bool,
}

/// A page of a review's items.
pub fn items(
    connection: &mut Connection,
    id: &ReviewId,
    view: View,
    cursor: Option<&Cursor>,
    now: Timestamp,
) -> Result<Page> {
    let mut items = store::walk(connection, id, view, cursor, now, PAGE + 1)?;
    let has_more = items.len() > PAGE;
    items.truncate(PAGE);
    let is_after = cursor.is_none_or(|cursor| cursor.is_after);
    if !is_after {
        items.reverse();
    }
    let has_before = if is_after { cursor.is_some() } else { has_more };
    let has_after = if is_after { has_more } else { true };
    Ok(Page { items, has_before, has_after })
}

/// At most `limit` of all items behind `after`, by name.
pub fn next_items(
    connection: &mut Connection,
    id: &ReviewId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Item>> {
    store::walk(connection, id, View::All, after, Timestamp::default(), limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn views_read_back() {
        let decided = Decision::ALL.map(View::Decided);
        for view in [View::Undecided, View::All].into_iter().chain(decided) {
            assert_eq!(View::parse(view.as_str()), view);
        }
        assert_eq!(View::parse("nothing"), View::Undecided);
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_nothing_else_is_one(name in "\\PC{0,40}", text in ".{0,40}") {
            let key_id = KeyId::random().expect("random");
            let cursor = Cursor { is_after: true, name, key_id };
            prop_assert_eq!(Cursor::parse(&cursor.text(), true), Some(cursor));
            let read = Cursor::parse(&text, true).map(|read| Cursor::parse(&read.text(), true));
            prop_assert!(read.is_none_or(|again| again.is_some()));
        }
    }
}
