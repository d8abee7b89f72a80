//! A review.

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
pub struct Ended {
    pub at: Timestamp,
    /// The name, at the time, of who ended it.
    pub by: String,
    /// Whether it was given up rather than finished.
    pub is_cancelled: bool,
}

impl Review {
    /// What people call it: `Review of 23 November 2026`.
    pub fn name(&self) -> String {
        format!("Review of {}", long_date(self.started_at.date()))
    }

    /// Whether decisions may be made.
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
    fn only_ids_of_reviews_are_read_as_such() {
        let id = ReviewId::random().expect("random");
        assert_eq!(ReviewId::parse(id.as_str()), Some(id));
        for text in ["", "review_", "review_0123456789a", "leak_0123456789AB"] {
            assert_eq!(ReviewId::parse(text), None, "{text}");
        }
    }
}
