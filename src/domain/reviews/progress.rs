//! How far a review is.

use super::{COUNTED, Review, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;

/// How far a review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Of how many keys it was decided what is to become of them,
    pub decided: i64,
    /// of how many that need a decision or have one.
    pub needed: i64,
    /// How many need none, because they are not active any more. Not counted, and so 0, while more
    /// than [`COUNTED`] keys are undecided.
    pub inactive: i64,
}

impl Progress {
    /// Of `total` keys that many are decided; of the others that many are still active, if that was
    /// counted.
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

/// How far `review` is.
pub fn progress(connection: &mut Connection, review: &Review, now: Timestamp) -> Result<Progress> {
    let rest = review.total - review.decided;
    let undecided = match &review.ended {
        // What was undecided at the end needed no decision then.
        Some(ended) if !ended.is_cancelled => Some(0),
        _ if rest > COUNTED => None,
        _ => Some(store::undecided(connection, &review.id, now, COUNTED + 1)?),
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
        fn no_numbers_make_more_of_it_than_there_is(
            total in -5_i64..5000, decided in -5_i64..5000, undecided in proptest::option::of(-5_i64..5000),
        ) {
            let progress = Progress::new(total, decided, undecided);
            prop_assert!(0 <= progress.decided && progress.decided <= progress.needed);
            prop_assert_eq!(progress.needed + progress.inactive, total.max(0));
            prop_assert!(progress.inactive >= 0);
        }
    }
}
