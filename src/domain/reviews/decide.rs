//! Deciding about the keys in a review: several at once, and while other members do the same.

use std::collections::BTreeMap;

use super::{Decision, DecisionRecord, Item, ReviewId, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::{self, Change, Context, Entry, Event};
use crate::domain::api_keys::KeyId;

/// A decision to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedDecision {
    pub key_id: KeyId,
    pub decision: Decision,
    /// The reason: one line, already checked.
    pub note: String,
    /// When the key's previous decision was made, as shown to the member who now decides.
    pub seen: Option<Timestamp>,
}

/// The result of saving decisions.
#[derive(Clone, Debug, Default)]
pub struct SavedDecisions {
    /// How many were saved.
    pub count: usize,
    /// How many of these require a change to the key.
    pub to_carry_out: usize,
    /// Keys for which other members have saved a different decision in the meantime. Their decisions
    /// remain.
    pub conflicts: Vec<Item>,
}

/// Saves decisions, except those that would overwrite another member's newer decision.
///
/// # Errors
/// [`Error::Conflict`] when the review has ended; [`Error::NotFound`] when the review does not
/// exist.
pub fn decide(
    tx: &mut Transaction<'_>,
    id: &ReviewId,
    requested: &[RequestedDecision],
    context: &Context,
) -> Result<SavedDecisions> {
    let review = store::find(tx, id)?.ok_or(Error::NotFound)?;
    if !review.is_open() {
        return Err(Error::Conflict);
    }
    let keys: Vec<&str> = requested.iter().map(|requested| requested.key_id.as_str()).collect();
    let items = store::items_of(tx, id, &keys)?.into_iter().map(|item| (item.key_id, item));
    let mut items: BTreeMap<KeyId, Item> = items.collect();
    let (mut saved, mut changes, mut new) = (SavedDecisions::default(), Vec::new(), 0);
    for requested in requested {
        let Some(item) = items.remove(&requested.key_id) else { continue };
        if requested.is_unchanged(&item) {
            continue;
        }
        if requested.has_conflict(&item, context) {
            saved.conflicts.push(item);
            continue;
        }
        store::decide(tx, id, requested, context)?;
        new += i64::from(item.decided.is_none());
        changes.push(requested.change(&item));
        saved.count += 1;
        saved.to_carry_out += usize::from(requested.decision != Decision::Keep);
    }
    if !changes.is_empty() {
        store::add_decided(tx, id, new)?;
        let details = serde_json::json!({ "changes": changes });
        let entry = Entry::about(Event::ReviewDecided, review.subject()).with(details);
        activity::record(tx, context, &entry)?;
    }
    Ok(saved)
}

impl RequestedDecision {
    fn is_unchanged(&self, item: &Item) -> bool {
        item.decided
            .as_ref()
            .is_some_and(|current| current.decision == self.decision && current.note == self.note)
    }

    /// Whether another member has decided since the form was displayed.
    fn has_conflict(&self, item: &Item, context: &Context) -> bool {
        item.decided.as_ref().is_some_and(|current| {
            Some(current.at) != self.seen && current.by_id.as_deref() != context.actor.id()
        })
    }

    fn change(&self, item: &Item) -> Change {
        let in_words = |decision: Decision, note: &str| match note {
            "" => decision.label().to_owned(),
            note => format!("{}: {note}", decision.label()),
        };
        let before = item.decided.as_ref();
        Change {
            field: item.name.clone(),
            from: before
                .map(|DecisionRecord { decision, note, .. }| in_words(*decision, note))
                .unwrap_or_default(),
            to: in_words(self.decision, &self.note),
        }
    }
}
