//! Finishing or cancelling a review.

use super::{MAX_COUNTED, Review, ReviewEnd, ReviewId, Stage, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::api_keys;

/// How many keys are checked in one batch.
const BATCH: usize = 500;

/// How many decisions still need to be carried out, counted up to [`MAX_COUNTED`] + 1.
pub fn still_open(connection: &mut Connection, id: &ReviewId, now: Timestamp) -> Result<i64> {
    let items = store::maybe_outstanding(connection, id, now, MAX_COUNTED + 1)?;
    let mut open = 0;
    for items in items.chunks(BATCH) {
        let keys: Vec<&str> = items.iter().map(|item| item.key_id.as_str()).collect();
        let details = api_keys::details_of(connection, &keys)?;
        let is_open =
            |item: &&super::Item| item.stage(details.get(item.key_id.as_str()), now) == Stage::Open;
        open += items.iter().filter(is_open).count();
    }
    Ok(i64::try_from(open).unwrap_or(i64::MAX))
}

/// Finishes a review in which every key that is still active has a decision. Returns the review, and
/// how many decisions still need to be carried out.
///
/// # Errors
/// [`Error::Conflict`] when it has ended; [`Error::Invalid`] when keys still need a decision;
/// [`Error::NotFound`] when the review does not exist.
pub fn finish(tx: &mut Transaction<'_>, id: &ReviewId, context: &Context) -> Result<(Review, i64)> {
    let review = find_open(tx, id)?;
    if !review.is_listed() {
        return Err(Error::invalid(
            "",
            "The keys are still being listed. Start the review again to go on",
        ));
    }
    match store::undecided(tx, id, context.now, MAX_COUNTED + 1)? {
        0 => {}
        1 => return Err(Error::invalid("", "1 key still needs a decision")),
        undecided => {
            let count = api_keys::count_text(undecided);
            return Err(Error::invalid("", format!("{count} keys still need a decision")));
        }
    }
    let still_open = still_open(tx, id, context.now)?;
    let details = serde_json::json!({
        "keys": review.total,
        "decided": review.decided,
        "still_open": still_open,
    });
    let entry = Entry::about(Event::ReviewFinished, review.subject()).with(details);
    Ok((ended(tx, review, false, &entry, context)?, still_open))
}

/// Cancels a review. Its decisions stay on record.
///
/// # Errors
/// [`Error::Conflict`] when it has ended; [`Error::NotFound`] when the review does not exist.
pub fn cancel(tx: &mut Transaction<'_>, id: &ReviewId, context: &Context) -> Result<Review> {
    let review = find_open(tx, id)?;
    let details = serde_json::json!({ "keys": review.total, "decided": review.decided });
    let entry = Entry::about(Event::ReviewCancelled, review.subject()).with(details);
    ended(tx, review, true, &entry, context)
}

fn find_open(tx: &mut Transaction<'_>, id: &ReviewId) -> Result<Review> {
    let review = store::find(tx, id)?.ok_or(Error::NotFound)?;
    if review.is_open() { Ok(review) } else { Err(Error::Conflict) }
}

fn ended(
    tx: &mut Transaction<'_>,
    review: Review,
    is_cancelled: bool,
    entry: &Entry,
    context: &Context,
) -> Result<Review> {
    let by = context.actor.name().to_owned();
    let ended = ReviewEnd { at: context.now, by, is_cancelled };
    store::end(tx, &review.id, &ended, context.actor.id())?;
    activity::record(tx, context, entry)?;
    Ok(Review { ended: Some(ended), ..review })
}
