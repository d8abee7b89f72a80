//! A key of a review for templates.

use super::facts::{Fact, KeyFacts};
use super::form::SubmittedRow;
use super::words::{Badge, moment};
use crate::base::clock::Timestamp;
use crate::domain::members::Permission;
use crate::domain::reviews::{Decision, Item, Review, Stage};
use crate::pages::Viewer;
use crate::pages::api_keys::dialog_over_page;

pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub environment: &'static str,
    pub facts: Vec<Fact>,
    /// The stage of the decision.
    pub badge: Option<Badge>,
    /// When it was carried out, if known.
    pub done: Option<String>,
    /// Whether the viewer may decide here.
    pub is_form: bool,
    pub choices: Vec<Choice>,
    /// The decision, for viewers who may not decide.
    pub decided: Option<&'static str>,
    pub note: String,
    /// When it was decided, in milliseconds, for the form; empty if undecided.
    pub seen: String,
    /// `Decided by Ines Okafor on 23 November 2026, 12:00 UTC.`
    pub by: Option<String>,
    /// The page where the decision is carried out.
    pub action: Option<(String, &'static str)>,
    pub error: Option<String>,
}

pub(super) struct Choice {
    pub slug: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
}

impl Row {
    /// The row of `item`; the `typed` values replace the stored decision.
    pub(super) fn new(
        viewer: &Viewer,
        review: &Review,
        item: &Item,
        known: &KeyFacts,
        typed: Option<&SubmittedRow>,
    ) -> Self {
        let id = item.key_id.as_str();
        let stage = item.stage(known.details.get(id), viewer.now);
        let decided = item.decided.as_ref();
        let stored = decided.map(|decided| decided.decision.as_str()).unwrap_or_default();
        let chosen = typed.map_or(stored, |typed| &typed.decision);
        let noted = decided.map(|decided| decided.note.clone()).unwrap_or_default();
        let may_decide = review.is_open() && viewer.may(Permission::UpdateKeys);
        Self {
            id: id.into(),
            name: item.name.clone(),
            environment: item.environment.label(),
            facts: known.facts(item, viewer.now),
            badge: Badge::of_stage(stage),
            done: match stage {
                Stage::Done(at) => at.map(moment),
                _ => None,
            },
            is_form: may_decide && stage != Stage::NoLongerActive,
            choices: Decision::ALL.map(|decision| choice(decision, chosen)).into(),
            decided: decided.map(|decided| decided.decision.label()),
            note: typed.map_or(noted, |typed| typed.note.clone()),
            seen: decided.map(|d| d.at.millis().to_string()).unwrap_or_default(),
            by: decided.map(|d| by(&d.by, d.at)),
            action: decided.filter(|_| stage == Stage::Open).and_then(|decided| {
                action(decided.decision, viewer)
                    .map(|(verb, label)| (dialog_over_page(&item.key_id, verb), label))
            }),
            error: typed.and_then(|typed| typed.error.clone()),
        }
    }
}

fn choice(decision: Decision, chosen: &str) -> Choice {
    let slug = decision.as_str();
    Choice { slug, label: decision.label(), is_chosen: slug == chosen }
}

fn by(name: &str, at: Timestamp) -> String {
    format!("Decided by {name} on {}.", moment(at))
}

/// The page where a decision is carried out, if the viewer may open it.
fn action(decision: Decision, viewer: &Viewer) -> Option<(&'static str, &'static str)> {
    let (needed, verb, label) = match decision {
        Decision::Keep => return None,
        Decision::Reduce => (Permission::UpdateKeys, "edit", "Edit"),
        Decision::Rotate => (Permission::UpdateKeys, "rotate", "Rotate"),
        Decision::Disable => (Permission::UpdateKeys, "disable", "Disable"),
        Decision::Revoke => (Permission::DeleteKeys, "revoke", "Revoke"),
    };
    viewer.may(needed).then_some((verb, label))
}
