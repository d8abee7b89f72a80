//! The parts of a review: its id, its end and its name.

use super::Review;
use crate::base::clock::{Timestamp, long_date};
use crate::db::types::id;
use crate::domain::activity::Subject;

id! {
    /// Identifies a review: `review_` and 12 digits of Crockford's base32.
    ReviewId, "review_", CROCKFORD, 12
}

/// The end of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewEnd {
    pub at: Timestamp,
    /// The name, at that time, of the person who ended it.
    pub by: String,
    /// Whether it was cancelled rather than finished.
    pub is_cancelled: bool,
}

impl Review {
    /// The display name, for example `Review of 23 November 2026`.
    pub fn name(&self) -> String {
        format!("Review of {}", long_date(self.started_at.date()))
    }

    /// Whether decisions can still be made.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether all keys have been listed.
    pub fn is_listed(&self) -> bool {
        self.listed_to.is_none()
    }

    pub(super) fn subject(&self) -> Subject {
        Subject { kind: "review", id: self.id.as_str().to_owned(), name: self.name() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_review_ids_are_parsed() {
        let id = ReviewId::random().expect("random");
        assert_eq!(ReviewId::parse(id.as_str()), Some(id));
        for text in ["", "review_", "review_0123456789a", "leak_0123456789AB"] {
            assert_eq!(ReviewId::parse(text), None, "{text}");
        }
    }
}
