//! Questions of gateways that were not understood, in requests with a genuine key: counted in memory,
//! listed for a week after the last of them.

use std::collections::BTreeMap;

use super::store::{self, InvalidQuestion};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::Connection;

/// How long a mistake is kept after the last question with it, in milliseconds.
pub(super) const KEPT: i64 = 7 * DAY;
/// How many different mistakes are listed.
const MAX_LISTED: i64 = 20;
/// How many different mistakes are distinguished between two writes.
const MAX_COUNTED: usize = 20;

/// The questions since the last write, by what is wrong with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Questions(BTreeMap<String, QuestionTally>);

/// How often questions with the same mistake were asked, and when first and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuestionTally {
    pub first: Timestamp,
    pub last: Timestamp,
    pub count: u32,
}

impl Questions {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts a question, unless there are too many different mistakes.
    pub fn count(&mut self, mistake: String, now: Timestamp) {
        self.add(mistake, QuestionTally { first: now, last: now, count: 1 });
    }

    pub fn merge(&mut self, other: Self) {
        for (mistake, tally) in other.0 {
            self.add(mistake, tally);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &QuestionTally)> {
        self.0.iter()
    }

    fn add(&mut self, mistake: String, tally: QuestionTally) {
        let is_full = self.0.len() >= MAX_COUNTED;
        match self.0.get_mut(&mistake) {
            Some(known) => {
                known.first = known.first.min(tally.first);
                known.last = known.last.max(tally.last);
                known.count += tally.count;
            }
            None if is_full => {}
            None => drop(self.0.insert(mistake, tally)),
        }
    }
}

/// What gateways asked that was not understood, latest first.
pub fn invalid_questions(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Vec<InvalidQuestion>> {
    store::invalid_questions(connection, now.plus(-KEPT), MAX_LISTED)
}
