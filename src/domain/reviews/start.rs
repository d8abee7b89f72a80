//! Starting a review. Every key that is active at that moment is listed in batches, so that other
//! writers never wait long.

use super::{Item, Review, ReviewId, store};
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::api_keys;

/// How many keys one batch lists.
const BATCH: i64 = 500;

/// The result of starting a review.
#[derive(Clone, Debug)]
pub enum StartOutcome {
    /// The review has started, and its keys still have to be listed.
    New(Review),
    /// Another review, this one, is already open.
    Open(Review),
}

/// Starts a review with the id `id`, unless one is open.
///
/// # Errors
/// [`Error::Invalid`] when there is no active key.
pub fn start(tx: &mut Transaction<'_>, id: ReviewId, context: &Context) -> Result<StartOutcome> {
    if let Some(open) = store::open(tx)? {
        return Ok(StartOutcome::Open(open));
    }
    if api_keys::active_after(tx, "", context.now, 1)?.is_empty() {
        return Err(Error::invalid("", "There is no active key to review"));
    }
    let review = Review {
        id,
        started_at: context.now,
        starter: context.actor.name().to_owned(),
        listed_to: Some(String::new()),
        total: 0,
        decided: 0,
        ended: None,
    };
    store::insert(tx, &review, context.actor.id())?;
    activity::record(tx, context, &Entry::about(Event::ReviewStarted, review.subject()))?;
    Ok(StartOutcome::New(review))
}

/// Lists the next batch of keys that were active when the review was started. Returns whether there
/// are more. If this is interrupted, the next call continues from the last batch.
///
/// # Errors
/// [`Error::NotFound`] when the review does not exist.
pub fn list_keys(tx: &mut Transaction<'_>, id: &ReviewId) -> Result<bool> {
    let review = store::find(tx, id)?.ok_or(Error::NotFound)?;
    let Some(after) = review.listed_to.filter(|_| review.ended.is_none()) else {
        return Ok(false);
    };
    let keys = api_keys::active_after(tx, &after, review.started_at, BATCH)?;
    let items: Vec<Item> =
        keys.values().map(|details| Item::of(details, review.started_at)).collect();
    store::insert_items(tx, id, &items)?;
    let listed = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let last = keys.into_keys().next_back().filter(|_| listed == BATCH);
    store::set_listed(tx, id, last.as_deref(), review.total + listed)?;
    Ok(last.is_some())
}
