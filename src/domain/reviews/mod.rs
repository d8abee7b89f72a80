//! Reviews: a look at every active key, what is to become of each, and a report of it.
//!
//! Uses activity, settings and `api_keys`. A decision changes no key: carrying it out is done at the
//! key, and seen there.

mod decide;
mod due;
mod end;
mod item;
mod list;
mod progress;
mod review;
mod start;
mod store;

pub use decide::{Saved, Wanted, decide};
pub use due::{Due, due, is_due};
pub use end::{cancel, finish, still_open};
pub use item::{Decided, Decision, Stage};
pub use list::{View, items, next_items};
pub use progress::{Progress, progress};
pub use review::{Ended, ReviewId};
pub use start::{Started, gather, start};
pub use store::{Item, Review};

use std::collections::BTreeMap;

use crate::base::error::Result;
use crate::db::keyset::{Cursor, Page};
use crate::db::{Connection, Transaction};

/// Up to how many items are counted one by one; beyond, a page says "1,000+".
pub const COUNTED: i64 = 1000;

/// The review with this id.
pub fn find(connection: &mut Connection, id: &ReviewId) -> Result<Option<Review>> {
    store::find(connection, id)
}

/// The review that is open, if there is one.
pub fn open(connection: &mut Connection) -> Result<Option<Review>> {
    store::open(connection)
}

/// A page of reviews, the newest first.
pub fn list(connection: &mut Connection, cursor: Option<&Cursor>) -> Result<Page<Review>> {
    let walk = |walk: &_| store::list(connection, walk);
    Page::load(cursor, walk, |review| (review.started_at, review.id.as_str().to_owned()))
}

/// The last review before `review` that was finished.
pub fn finished_before(connection: &mut Connection, review: &Review) -> Result<Option<Review>> {
    store::finished_before(connection, review.started_at)
}

/// Writes again what items are sorted by, where names are sorted in another way from now on.
pub fn sort_names_again(tx: &mut Transaction<'_>) -> Result<()> {
    store::ids(tx)?.iter().try_for_each(|review| store::sort_names_again(tx, review))
}

/// Some items of a review, by name.
pub fn items_of(connection: &mut Connection, id: &ReviewId, keys: &[&str]) -> Result<Vec<Item>> {
    store::items_of(connection, id, keys)
}

/// How many items of a review were decided in each way.
pub fn totals(connection: &mut Connection, id: &ReviewId) -> Result<BTreeMap<Decision, i64>> {
    store::totals(connection, id)
}
