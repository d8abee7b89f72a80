//! A review that was finished two months ago, and one that is half done.

use super::{Scene, Stage};
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::reviews::{self, Decision, Item, RequestedDecision, ReviewId};

/// How many decisions are saved at once, as on a page.
const PAGE: usize = 25;
/// Decisions with their notes. They are repeated.
const DECISIONS: [(Decision, &str); 9] = [
    (Decision::Keep, "Needed every day"),
    (Decision::Keep, ""),
    (Decision::Keep, "Asked the team, still in use"),
    (Decision::Rotate, "The secret is old"),
    (Decision::Keep, ""),
    (Decision::Keep, ""),
    (Decision::Reduce, "Reads only, so it needs no write scopes"),
    (Decision::Keep, "In the contract until next summer"),
    (Decision::Keep, ""),
];

pub(super) fn scenes<'a>(stage: &'a Stage<'a>) -> Vec<Scene<'a>> {
    let [begun, decided, finished, begun_again, half_decided] =
        [(0, 76, 4), (1, 74, 2), (1, 72, 2), (1, 2, 5), (0, 1, 3)]
            .map(|(who, days, hours)| stage.context(who, stage.ago(days, hours)));
    vec![
        (begun.now, Box::new(move |tx| begin(tx, &begun))),
        (decided.now, Box::new(move |tx| decide(tx, usize::MAX, &decided))),
        (finished.now, Box::new(move |tx| finish(tx, &finished))),
        (begun_again.now, Box::new(move |tx| begin(tx, &begun_again))),
        (half_decided.now, Box::new(move |tx| decide(tx, PAGE / 2, &half_decided))),
    ]
}

fn begin(tx: &mut Transaction<'_>, context: &Context) -> Result<()> {
    let id = ReviewId::random()?;
    match reviews::start(tx, id.clone(), context) {
        // A tiny sample may have no key that was active then.
        Err(Error::Invalid(_)) => return Ok(()),
        other => other.map(drop)?,
    }
    while reviews::list_keys(tx, &id)? {}
    Ok(())
}

/// Decides on at most `limit` keys of the open review.
fn decide(tx: &mut Transaction<'_>, limit: usize, context: &Context) -> Result<()> {
    let Some(review) = reviews::open(tx)? else { return Ok(()) };
    let (mut last, mut count): (Option<Item>, usize) = (None, 0);
    while count < limit {
        let items = reviews::next_items(tx, &review.id, last.as_ref(), PAGE.min(limit - count))?;
        let requested: Vec<_> =
            items.iter().zip(count..).map(|(item, index)| decision(item, index)).collect();
        if requested.is_empty() {
            break;
        }
        reviews::decide(tx, &review.id, &requested, context)?;
        count += items.len();
        last = items.into_iter().next_back();
    }
    Ok(())
}

fn decision(item: &Item, index: usize) -> RequestedDecision {
    let (decision, note) = DECISIONS[index % DECISIONS.len()];
    RequestedDecision { key_id: item.key_id, decision, note: note.into(), seen: None }
}

fn finish(tx: &mut Transaction<'_>, context: &Context) -> Result<()> {
    let Some(review) = reviews::open(tx)? else { return Ok(()) };
    reviews::finish(tx, &review.id, context).map(drop)
}
