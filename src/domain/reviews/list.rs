//! Pages of a review's items, ordered by name.

use super::{Decision, Item, ReviewId, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text;
use crate::base::word::word;
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page, Walk};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Items that need a decision.
    #[default]
    Undecided,
    All,
    /// Items with this decision.
    DecisionRecord(Decision),
}

impl View {
    /// The view's word in addresses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::All => "all",
            Self::DecisionRecord(decision) => decision.as_str(),
        }
    }

    /// The view with this word, or the default for any other text.
    pub fn parse(word: &str) -> Self {
        if word == "all" {
            return Self::All;
        }
        Decision::parse(word).map_or_else(Self::default, Self::DecisionRecord)
    }
}

word!(View, |view| view.as_str(), |word| Some(View::parse(word)));

/// A page of a review's items.
pub fn items(
    connection: &mut Connection,
    id: &ReviewId,
    view: View,
    cursor: Option<&Cursor>,
    now: Timestamp,
) -> Result<Page<Item>> {
    Page::load(cursor, |walk| store::walk(connection, id, view, now, walk), position)
}

/// At most `limit` items after `last`, by name.
pub fn next_items(
    connection: &mut Connection,
    id: &ReviewId,
    last: Option<&Item>,
    limit: usize,
) -> Result<Vec<Item>> {
    let walk = Walk { from: last.map(position), ..Walk::first(limit) };
    store::walk(connection, id, View::All, Timestamp::default(), &walk)
}

/// The sort position of an item.
fn position(item: &Item) -> (String, String) {
    (text::sort_key(&item.name), item.key_id.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_round_trip_through_text() {
        let decided = Decision::ALL.map(View::DecisionRecord);
        for view in [View::Undecided, View::All].into_iter().chain(decided) {
            assert_eq!(View::parse(view.as_str()), view);
        }
        assert_eq!(View::parse("nothing"), View::Undecided);
    }
}
