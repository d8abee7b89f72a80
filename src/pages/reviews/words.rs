//! The words for a review on pages.

use crate::base::clock::{Timestamp, long_date};
use crate::base::text::thousands;
use crate::domain::reviews::{Progress, Review, Stage};
use crate::web::flash::Notice;

/// A badge for templates.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    pub class: &'static str,
    /// The icon in the sprite; empty for a dot.
    pub icon: &'static str,
    pub text: &'static str,
}

impl Badge {
    /// Whether a review is open, finished or cancelled.
    pub(super) fn of(review: &Review) -> Self {
        match &review.ended {
            None => Self { class: "badge-rotate", icon: "circle-dashed", text: "Open" },
            Some(ended) if ended.is_cancelled => {
                Self { class: "badge-expired", icon: "ban", text: "Cancelled" }
            }
            Some(_) => Self { class: "badge-active", icon: "check", text: "Finished" },
        }
    }

    /// The stage of a decision; `None` if there is nothing to show.
    pub(super) const fn of_stage(stage: Stage) -> Option<Self> {
        match stage {
            Stage::Undecided | Stage::Kept => None,
            Stage::NoLongerActive => Some(Self {
                class: "badge-expired",
                icon: "circle-minus",
                text: "No longer active",
            }),
            Stage::Open => {
                Some(Self { class: "badge-soon", icon: "clock", text: "Still to be carried out" })
            }
            Stage::Done(_) => {
                Some(Self { class: "badge-active", icon: "check", text: "Carried out" })
            }
            Stage::Moot => Some(Self {
                class: "badge-expired",
                icon: "circle-minus",
                text: "No longer active, nothing to carry out",
            }),
        }
    }
}

/// The notice for a change that comes too late.
pub(super) fn ended_already() -> Notice {
    Notice::note("This review has already ended.")
}

/// `12 of 38 keys decided`.
pub(super) fn decided(progress: Progress) -> String {
    let noun = if progress.needed == 1 { "key" } else { "keys" };
    format!("{} of {} {noun} decided", count(progress.decided), count(progress.needed))
}

/// `29 left`; `None` if the review can be finished.
pub(super) fn left(progress: Progress, review: &Review) -> Option<String> {
    match progress.needed - progress.decided {
        0 if review.is_listed() => None,
        left => Some(format!("{} left", count(left))),
    }
}

/// `Keep 17 Keys`; `None` if there is none to keep.
pub(super) fn keep_action(keys: usize) -> Option<String> {
    match keys {
        0 => None,
        1 => Some("Keep 1 Key".into()),
        keys => Some(format!("Keep {keys} Keys")),
    }
}

/// `2 keys are no longer active and need no decision.`
pub(super) fn inactive(progress: Progress) -> Option<String> {
    match progress.inactive {
        0 => None,
        1 => Some("1 key is no longer active and needs no decision.".into()),
        inactive => {
            Some(format!("{} keys are no longer active and need no decision.", count(inactive)))
        }
    }
}

pub(super) fn count(count: i64) -> String {
    thousands(count.unsigned_abs())
}

/// `23 November 2026, 12:00 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{}, {} UTC", long_date(at.date()), at.time_of_day())
}
