//! When a message that could not be delivered is tried again: soon at first, then ever more seldom,
//! for about a day (Standard Webhooks, "Deliverability and reliability").
//!
//! Pure; knows neither webhooks nor email.

use crate::base::clock::{HOUR, MINUTE, SECOND};

/// The pauses before the second try, the third and so on, in milliseconds: 23 hours 35 minutes.
pub const PAUSES: [i64; 7] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 6 * HOUR];

/// For how long a message that is being sent is left to who sends it, in milliseconds: after that
/// it is taken for left behind, and sent by whoever finds it.
pub const CLAIM: i64 = MINUTE;

/// How long to wait after `failures` tries in vain, in milliseconds; `None` to give up.
pub fn after(failures: i64) -> Option<i64> {
    let index = usize::try_from(failures).ok()?.checked_sub(1)?;
    PAUSES.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::DAY;

    #[test]
    fn tries_go_on_for_about_a_day_and_end() {
        assert_eq!(after(0), None);
        assert_eq!(after(1), Some(5 * SECOND));
        assert_eq!(after(7), Some(6 * HOUR));
        assert_eq!(after(8), None);
        let all: i64 = PAUSES.iter().sum();
        assert!((DAY - HOUR..=DAY).contains(&all), "{all}");
    }
}
