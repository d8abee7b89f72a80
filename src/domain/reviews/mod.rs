//! Reviews: a check of every active key, a decision about each, and a report.
//!
//! Uses activity, settings, scopes, roles and `api_keys`. A decision does not change a key: a member carries it out
//! on the key itself, and the review reads the result there.

mod decide;
mod due;
mod end;
mod item;
mod keep;
mod list;
mod progress;
mod review;
mod start;
mod store;

pub use decide::{RequestedDecision, SavedDecisions, decide};
pub use due::{Due, due, is_due};
pub use end::{cancel, finish, still_open};
pub use item::{Decision, DecisionRecord, Stage};
pub use keep::{IN_USE_DAYS, MAX_NOTE_LENGTH, keep, keepable};
pub use list::{View, items, next_items};
pub use progress::{Progress, progress};
pub use review::{ReviewEnd, ReviewId};
pub use start::{StartOutcome, list_keys, start};
pub use store::{Item, Review};

use std::collections::BTreeMap;

use crate::base::error::Result;
use crate::db::keyset::{Cursor, Page};
use crate::db::{Connection, Transaction};

/// How many items are counted exactly; for more, a page says "1,000+".
pub const MAX_COUNTED: i64 = 1000;

/// The review with this id.
pub fn find(connection: &mut Connection, id: &ReviewId) -> Result<Option<Review>> {
    store::find(connection, id)
}

pub fn open(connection: &mut Connection) -> Result<Option<Review>> {
    store::open(connection)
}

/// A page of reviews, newest first.
pub fn list(connection: &mut Connection, cursor: Option<&Cursor>) -> Result<Page<Review>> {
    let walk = |walk: &_| store::list(connection, walk);
    Page::load(cursor, walk, |review| (review.started_at, review.id.as_str().to_owned()))
}

/// The last finished review before `review`.
pub fn finished_before(connection: &mut Connection, review: &Review) -> Result<Option<Review>> {
    store::finished_before(connection, review.started_at)
}

/// Recomputes the sort keys of item names, after a change of the sort order.
pub fn sort_names_again(tx: &mut Transaction<'_>) -> Result<()> {
    store::ids(tx)?.iter().try_for_each(|review| store::sort_names_again(tx, review))
}

/// The items of these keys in a review, by name.
pub fn items_of(connection: &mut Connection, id: &ReviewId, keys: &[&str]) -> Result<Vec<Item>> {
    store::items_of(connection, id, keys)
}

/// How many items of a review have each decision.
pub fn totals(connection: &mut Connection, id: &ReviewId) -> Result<BTreeMap<Decision, i64>> {
    store::totals(connection, id)
}
