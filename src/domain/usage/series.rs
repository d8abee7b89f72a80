//! The outcomes of requests, by bars of a chart. Pure.

use std::collections::BTreeMap;

use super::{Outcome, Period};
use crate::base::clock::Timestamp;

/// How many requests of an hour or a day were allowed, and how many were denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub start: Timestamp,
    pub passed: i64,
    pub denied: i64,
}

/// The bars of a period, and the number of denials by reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub period: Period,
    /// One bar for each hour or day, oldest first, including empty ones.
    pub bars: Vec<Bar>,
    /// How many requests were denied for each reason, most frequent first.
    pub reasons: Vec<(Outcome, i64)>,
}

/// How many requests with one outcome there were in an hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// The hour or day, counted since 1970.
    pub unit: i64,
    pub outcome: Outcome,
    pub requests: i64,
}

impl Series {
    pub(super) fn new(period: Period, now: Timestamp, counts: &[Count]) -> Self {
        let units = period.units(now);
        let length = period.unit().length();
        let empty =
            |unit| Bar { start: Timestamp::from_millis(unit * length), passed: 0, denied: 0 };
        let mut bars: BTreeMap<i64, Bar> = units.map(|unit| (unit, empty(unit))).collect();
        let mut reasons: Vec<(Outcome, i64)> = Vec::new();
        for Count { unit, outcome, requests: count } in counts {
            let Some(bar) = bars.get_mut(unit) else { continue };
            if *outcome == Outcome::Pass {
                bar.passed += count;
                continue;
            }
            bar.denied += count;
            match reasons.iter_mut().find(|(reason, _)| reason == outcome) {
                Some((_, sum)) => *sum += count,
                None => reasons.push((*outcome, *count)),
            }
        }
        reasons.sort_by_key(|(_, count)| -count);
        Self { period, bars: bars.into_values().collect(), reasons }
    }

    /// How many requests were allowed.
    pub fn passed(&self) -> i64 {
        self.bars.iter().map(|bar| bar.passed).sum()
    }

    /// How many requests were denied.
    pub fn denied(&self) -> i64 {
        self.bars.iter().map(|bar| bar.denied).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::HOUR;

    #[test]
    fn every_hour_has_a_bar_and_counts_outside_the_period_are_left_out() {
        let now = Timestamp::from_millis(1_795_444_800_000);
        let hour = now.millis() / HOUR;
        let count = |unit, outcome, requests| Count { unit, outcome, requests };
        let counts = [
            count(hour - 24, Outcome::Pass, 1),
            count(hour - 23, Outcome::Pass, 2),
            count(hour, Outcome::Pass, 3),
            count(hour, Outcome::KeyRevoked, 4),
            count(hour - 1, Outcome::ScopeMissing, 5),
            count(hour - 2, Outcome::KeyRevoked, 6),
            // From a clock that was ahead.
            count(hour + 1, Outcome::Pass, 7),
        ];
        let series = Series::new(Period::Hours24, now, &counts);
        assert_eq!((series.bars.len(), series.passed(), series.denied()), (24, 5, 15));
        assert_eq!(series.reasons, [(Outcome::KeyRevoked, 10), (Outcome::ScopeMissing, 5)]);
        let last = series.bars.last().expect("a bar");
        assert_eq!((last.start.millis(), last.passed, last.denied), (hour * HOUR, 3, 4));
    }

    #[test]
    fn days_with_a_clock_change_have_24_hours() {
        // 2026-10-25T12:00:00Z and 2026-03-29T12:00:00Z, on which Europe's clocks change.
        for noon in [1_792_929_600_000, 1_774_785_600_000] {
            let series = Series::new(Period::Hours24, Timestamp::from_millis(noon), &[]);
            let steps = series.bars.windows(2).map(|pair| pair[1].start.since(pair[0].start));
            assert!(steps.eq([HOUR; 23]));
        }
    }
}
