//! The progress of a review.

use super::{MAX_COUNTED, Review, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many keys have a decision.
    pub decided: i64,
    /// How many keys have a decision or still need one.
    pub needed: i64,
    /// How many keys need no decision because they are no longer active. Not counted, and therefore
    /// 0, while more than [`MAX_COUNTED`] keys are undecided.
    pub inactive: i64,
}

impl Progress {
    /// Of `total` keys, `decided` have a decision, and `undecided` of the others are still active,
    /// if they were counted.
    pub fn new(total: i64, decided: i64, undecided: Option<i64>) -> Self {
        let decided = decided.clamp(0, total.max(0));
        let rest = total.max(0) - decided;
        let undecided = undecided.unwrap_or(rest).clamp(0, rest);
        Self { decided, needed: decided + undecided, inactive: rest - undecided }
    }

    /// Whether every key that needs a decision has one.
    pub fn is_done(self) -> bool {
        self.decided == self.needed
    }
}

/// The progress of `review`.
pub fn progress(connection: &mut Connection, review: &Review, now: Timestamp) -> Result<Progress> {
    let rest = review.total - review.decided;
    let undecided = match &review.ended {
        // A key that was undecided at the end needed no decision then.
        Some(ended) if !ended.is_cancelled => Some(0),
        _ if rest > MAX_COUNTED => None,
        _ => Some(store::undecided(connection, &review.id, now, MAX_COUNTED + 1)?),
    };
    Ok(Progress::new(review.total, review.decided, undecided))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_that_are_no_longer_active_need_no_decision() {
        let progress = Progress::new(38, 12, Some(20));
        assert_eq!((progress.decided, progress.needed, progress.inactive), (12, 32, 6));
        assert!(!progress.is_done() && Progress::new(38, 12, Some(0)).is_done());
        assert_eq!(Progress::new(2000, 12, None).needed, 2000);
    }

    proptest! {
        #[test]
        fn progress_never_exceeds_the_total(
            total in -5_i64..5000, decided in -5_i64..5000, undecided in proptest::option::of(-5_i64..5000),
        ) {
            let progress = Progress::new(total, decided, undecided);
            prop_assert!(0 <= progress.decided && progress.decided <= progress.needed);
            prop_assert_eq!(progress.needed + progress.inactive, total.max(0));
            prop_assert!(progress.inactive >= 0);
        }
    }
}
