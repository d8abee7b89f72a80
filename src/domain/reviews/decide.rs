//! Deciding what is to become of keys, several at once, and beside others who do the same.

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
    /// What is to become of it.
    pub decision: Decision,
    /// Why; one line, checked.
    pub note: String,
    /// When it had been decided before, as far as whoever decides now knew.
    pub seen: Option<Timestamp>,
}

/// What became of saving decisions.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// How many were saved.
    pub count: usize,
    /// How many of these are not to keep a key as it is.
    pub to_carry_out: usize,
    /// What others decided meanwhile in another way; that stands.
    pub overtaken: Vec<Item>,
}

/// Saves decisions, but for those that somebody else has made meanwhile.
///
/// # Errors
/// [`Error::Conflict`] when the review has ended; [`Error::NotFound`] when there is no such review.
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
        if wanted.is_what_stands(&item) {
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
    fn is_what_stands(&self, item: &Item) -> bool {
        item.decided
            .as_ref()
            .is_some_and(|stands| stands.decision == self.decision && stands.note == self.note)
    }

    /// Whether somebody else has decided since the form was handed out.
    fn is_overtaken(&self, item: &Item, author: &Author) -> bool {
        item.decided.as_ref().is_some_and(|stands| {
            Some(stands.at) != self.seen && stands.by_id.as_deref() != author.actor.id()
        })
    }

    fn change(&self, item: &Item) -> Change {
        let said = |decision: Decision, note: &str| match note {
            "" => decision.label().to_owned(),
            note => format!("{}: {note}", decision.label()),
        };
        let before = item.decided.as_ref();
        Change {
            field: item.name.clone(),
            from: before
                .map(|Decided { decision, note, .. }| said(*decision, note))
                .unwrap_or_default(),
            to: said(self.decision, &self.note),
        }
    }
}
