//! The periods that pages show, in hours and days of UTC. Pure.

use std::ops::RangeInclusive;

use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::closed_set::closed_set;

closed_set! {
    #[derive(Default)]
    pub enum Period {
        /// This hour and the 23 before it.
        Hours24 = "24h" "24 hours",
        /// Today and the six days before it, by the hour.
        Days7 = "7d" "7 days",
        /// Today and the 29 days before it.
        #[default]
        Days30 = "30d" "30 days",
        /// Today and the 89 days before it.
        Days90 = "90d" "90 days",
    }
}

closed_set! {
    /// The time that one bar of a chart represents.
    pub enum Unit {
        Hour = "hour",
        Day = "day",
    }
}

impl Unit {
    /// The length in milliseconds.
    pub const fn length(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

impl Period {
    /// The unit of its bars.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Hours24 | Self::Days7 => Unit::Hour,
            Self::Days30 | Self::Days90 => Unit::Day,
        }
    }

    pub fn start(self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(self.units(now).start() * self.unit().length())
    }

    /// Its hours or days, counted since 1970; the last one is the current one.
    pub fn units(self, now: Timestamp) -> RangeInclusive<i64> {
        let (hour, day) = (now.hour(), now.day());
        match self {
            Self::Hours24 => hour - 23..=hour,
            Self::Days7 => (day - 6) * (DAY / HOUR)..=hour,
            Self::Days30 => day - 29..=day,
            Self::Days90 => day - 89..=day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_period_ends_now_and_starts_with_a_whole_hour_or_day() {
        // 2026-11-23T14:40:00Z.
        let now = Timestamp::from_millis(1_795_444_800_000);
        let starts = Period::ALL.map(|period| period.start(now).rfc_3339());
        assert_eq!(
            starts,
            [
                "2026-11-22T15:00:00Z",
                "2026-11-17T00:00:00Z",
                "2026-10-25T00:00:00Z",
                "2026-08-26T00:00:00Z"
            ]
        );
        let bars = Period::ALL.map(|period| period.units(now).count());
        assert_eq!(bars, [24, 6 * 24 + 15, 30, 90]);
        assert_eq!(Period::parse("90d").unwrap_or_default(), Period::Days90);
        assert_eq!(Period::parse("1y").unwrap_or_default(), Period::Days30);
    }

    proptest! {
        #[test]
        fn the_current_time_is_in_the_last_bar(now in -DAY * 10..DAY * 40_000) {
            for period in Period::ALL {
                let last = *period.units(Timestamp::from_millis(now)).end();
                prop_assert_eq!(now.div_euclid(period.unit().length()), last);
            }
        }
    }
}
