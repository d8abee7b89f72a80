//! Finds keys that are used far more than usual.
//!
//! An hour is compared with the same hour of the same weekday in the last four weeks, so that a
//! weekly rhythm does not cause an alert, and with the hours of the last day, so that steady growth
//! does not cause one either.

use super::keys::of_key;
use super::keys_by_id;
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::alerts::{Finding, Rule};
use crate::domain::usage::signals;

/// The fewest requests in an hour that can cause an alert.
const MIN_REQUESTS: i64 = 500;
/// How many times the largest count of the hours before an hour must have.
const MIN_RATIO: i64 = 4;
/// How many weeks are compared.
const WEEKS: i64 = 4;

pub(super) fn unusual(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    // The last hour that has ended.
    let hour = Timestamp::from_millis(now.hour() * HOUR - HOUR);
    let past: Vec<Timestamp> = (1..=WEEKS)
        .map(|week| hour.plus(-week * 7 * DAY))
        .chain((1..=24).map(|hours| hour.plus(-hours * HOUR)))
        .collect();
    let mut unusual = Vec::new();
    for (id, count) in signals::volumes(connection, hour, MIN_REQUESTS)? {
        let before = signals::volumes_at(connection, &id, &past)?;
        if is_unusual(count, &before) {
            unusual.push((id, count, before.into_iter().max().unwrap_or_default()));
        }
    }
    let keys = keys_by_id(connection, unusual.iter().map(|(id, ..)| *id))?;
    let found = unusual.iter().filter_map(|(id, count, most)| {
        let key = keys.get(id)?;
        // A key that is younger than a week has no past hours to compare with.
        if hour.since(key.created_at) < 7 * DAY {
            return None;
        }
        let number = |count: i64| thousands(count.unsigned_abs());
        Some(Finding {
            title: format!("“{}” is used far more than usual", key.name.as_str()),
            detail: format!(
                "{} requests in the hour from {} UTC; at most {} in the hours that it is compared with.",
                number(*count),
                hour.time_of_day(),
                number(*most)
            ),
            since: hour,
            ..of_key(Rule::Volume, key)
        })
    });
    Ok(found.collect())
}

/// Whether `count` is far above all counts in `before`.
fn is_unusual(count: i64, before: &[i64]) -> bool {
    let most = before.iter().copied().max().unwrap_or_default();
    count >= MIN_REQUESTS && count >= most.saturating_mul(MIN_RATIO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_count_far_above_all_previous_counts_is_unusual() {
        assert!(is_unusual(4000, &[1000, 900, 10]));
        assert!(!is_unusual(3999, &[1000, 900, 10]));
        assert!(!is_unusual(499, &[0]));
        assert!(is_unusual(500, &[0]));
    }

    proptest! {
        #[test]
        fn a_key_with_a_weekly_rhythm_never_causes_an_alert(
            rhythm in proptest::collection::vec(1..100_000_i64, 168), noise in 50..150_i64, hour in 0..168_usize,
        ) {
            // The same hour one week before, with half to one and a half times as many requests.
            let before = [rhythm[hour] * noise / 100 + 1];
            prop_assert!(!is_unusual(rhythm[hour], &before) || rhythm[hour] < MIN_REQUESTS);
        }
    }
}
