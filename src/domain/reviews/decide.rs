//! Deciding about the keys in a review: several at once, and while other members do the same.

use std::collections::BTreeMap;

use super::{Decided, Decision, Item, ReviewId, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::{self, Author, Change, Entry, Event};
use crate::domain::api_keys::KeyId;

/// A decision to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub key_id: KeyId,
    pub decision: Decision,
    /// The reason: one line, already checked.
    pub note: String,
    /// When the key's previous decision was made, as shown to the member who now decides.
    pub seen: Option<Timestamp>,
}

/// The result of saving decisions.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// How many were saved.
    pub count: usize,
    /// How many of these require a change to the key.
    pub to_carry_out: usize,
    /// Keys for which other members have saved a different decision in the meantime. Their decisions
    /// remain.
    pub overtaken: Vec<Item>,
}

/// Saves decisions, except those that would overwrite another member's newer decision.
///
/// # Errors
/// [`Error::Conflict`] when the review has ended; [`Error::NotFound`] when the review does not
/// exist.
pub fn decide(
    tx: &mut Transaction<'_>,
    id: &ReviewId,
    wanted: &[Wanted],
    author: &Author,
) -> Result<Saved> {
    let review = store::find(tx, id)?.ok_or(Error::NotFound)?;
    if !review.is_open() {
        return Err(Error::Conflict);
    }
    let keys: Vec<&str> = wanted.iter().map(|wanted| wanted.key_id.as_str()).collect();
    let items = store::items_of(tx, id, &keys)?.into_iter().map(|item| (item.key_id, item));
    let mut items: BTreeMap<KeyId, Item> = items.collect();
    let (mut saved, mut changes, mut new) = (Saved::default(), Vec::new(), 0);
    for wanted in wanted {
        let Some(item) = items.remove(&wanted.key_id) else { continue };
        if wanted.is_unchanged(&item) {
            continue;
        }
        if wanted.is_overtaken(&item, author) {
            saved.overtaken.push(item);
            continue;
        }
        store::decide(tx, id, wanted, author)?;
        new += i64::from(item.decided.is_none());
        changes.push(wanted.change(&item));
        saved.count += 1;
        saved.to_carry_out += usize::from(wanted.decision != Decision::Keep);
    }
    if !changes.is_empty() {
        store::add_decided(tx, id, new)?;
        let details = serde_json::json!({ "changes": changes });
        let entry = Entry::about(Event::ReviewDecided, review.subject()).with(details);
        activity::record(tx, author, &entry)?;
    }
    Ok(saved)
}

impl Wanted {
    fn is_unchanged(&self, item: &Item) -> bool {
        item.decided
            .as_ref()
            .is_some_and(|current| current.decision == self.decision && current.note == self.note)
    }

    /// Whether another member has decided since the form was displayed.
    fn is_overtaken(&self, item: &Item, author: &Author) -> bool {
        item.decided.as_ref().is_some_and(|current| {
            Some(current.at) != self.seen && current.by_id.as_deref() != author.actor.id()
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
                .map(|Decided { decision, note, .. }| in_words(*decision, note))
                .unwrap_or_default(),
            to: in_words(self.decision, &self.note),
        }
    }
}
