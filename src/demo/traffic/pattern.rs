//! How many requests an application makes per hour. Pure.

use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::demo::life::{State, pick, scatter, state};
use crate::domain::api_keys::Environment;

/// Hours in a day.
const HOURS: i64 = DAY / HOUR;

/// The times of day at which an application makes its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Shape {
    Office,
    /// Day and night, but more during the day.
    Steady,
    /// The same number every minute.
    Even,
    /// From two to four at night.
    Nightly,
}

/// How many requests an application makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) struct Pattern {
    pub shape: Shape,
    /// On a working day.
    pub daily: i64,
    /// On Saturdays and Sundays, in percent of `daily`.
    pub weekend: i64,
}

/// Numbers of requests per working day, from the smallest application to the largest.
const SIZES: [i64; 9] = [25, 80, 200, 500, 1_200, 2_800, 6_000, 9_500, 14_000];
/// Keys for [`scatter`], above those that [`pick`] uses for API keys.
const OF_AN_HOUR: u32 = 1 << 16;
const OF_A_DAY: u32 = 2 << 16;

impl Shape {
    const fn weights(self) -> [i64; 24] {
        match self {
            Self::Office => {
                [0, 0, 0, 0, 0, 1, 3, 6, 9, 10, 9, 7, 8, 10, 9, 7, 5, 3, 1, 0, 0, 0, 0, 0]
            }
            Self::Steady => {
                [2, 2, 2, 2, 2, 3, 4, 6, 7, 8, 8, 8, 8, 8, 8, 8, 7, 6, 5, 5, 4, 3, 3, 2]
            }
            Self::Even => [1; 24],
            Self::Nightly => {
                [0, 0, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            }
        }
    }
}

impl Pattern {
    /// The pattern of the `index`th key; `None` if it was never used.
    pub fn of(index: u32, environment: Environment) -> Option<Self> {
        if state(index) == State::NeverUsed {
            return None;
        }
        let (shape, weekend) = match (environment, pick(index, 60, 5)) {
            (Environment::Production, 0 | 1) => (Shape::Steady, 55 + 5 * any(index, 61, 6)),
            (Environment::Production, 2) => (Shape::Even, 100),
            (Environment::Production, 3) => (Shape::Nightly, 100 * any(index, 61, 2)),
            _ => (Shape::Office, 4 * any(index, 61, 5)),
        };
        let largest = if environment == Environment::Production { SIZES.len() } else { 4 };
        let daily = SIZES[pick(index, 62, largest)] * (85 + any(index, 63, 22)) / 100;
        Some(Self { shape, daily, weekend })
    }

    /// How many requests the `index`th key's application makes in an hour, counted since 1970. The
    /// number grows from month to month and varies from hour to hour.
    pub fn requests(&self, index: u32, hour: i64, now: Timestamp) -> i64 {
        let day = hour.div_euclid(HOURS);
        let weights = self.shape.weights();
        let weight = usize::try_from(hour.rem_euclid(HOURS)).map_or(0, |clock| weights[clock]);
        // 1 January 1970 was a Thursday.
        let is_weekend = (day + 3).rem_euclid(7) >= 5;
        let percent = if is_weekend { self.weekend } else { 100 };
        let age = now.day() - day;
        let growth = 100 - (age / 5).clamp(0, 50);
        let varied = (88 + of_time(index, OF_AN_HOUR, hour).rem_euclid(25))
            * (93 + of_time(index, OF_A_DAY, day).rem_euclid(15));
        let exact = self.daily * weight * percent * growth * varied;
        let unit = 100 * 100 * 100 * 100 * weights.iter().sum::<i64>();
        // The fraction adds a request now and then.
        (exact + of_time(index, OF_AN_HOUR, -hour).rem_euclid(unit)) / unit
    }
}

/// A number from 0 to below `choices`, for the `index`th key and the question `what`.
pub(super) fn any(index: u32, what: u32, choices: usize) -> i64 {
    i64::try_from(pick(index, what, choices)).unwrap_or(0)
}

/// [`scatter`] for an hour or a day.
pub(super) fn of_time(index: u32, what: u32, time: i64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "any bits are good for what looks random"
    )]
    scatter(index | what, time as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23 November 2026, 12:00 UTC, a Monday.
    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    fn of_day(pattern: &Pattern, days_ago: i64) -> Vec<i64> {
        let midnight = (NOW.day() - days_ago) * HOURS;
        (midnight..midnight + HOURS).map(|hour| pattern.requests(5, hour, NOW)).collect()
    }

    fn sum(pattern: &Pattern, days: impl Iterator<Item = i64>) -> i64 {
        days.flat_map(|day| of_day(pattern, day)).sum()
    }

    #[test]
    fn nights_and_weekends_are_quiet_and_batches_run_at_night() {
        let pattern = Pattern { shape: Shape::Office, daily: 1_000, weekend: 10 };
        let friday = of_day(&pattern, 3);
        assert_eq!((friday[..5].iter().sum::<i64>(), friday[19..].iter().sum::<i64>()), (0, 0));
        assert!(friday[9] > 80, "{friday:?}");
        let sunday: i64 = of_day(&pattern, 1).iter().sum();
        assert!(sunday < 150 && sunday > 50, "{sunday}");
        let nightly = of_day(&Pattern { shape: Shape::Nightly, daily: 60, weekend: 100 }, 1);
        assert_eq!(nightly.iter().sum::<i64>(), nightly[2] + nightly[3]);
        assert!(nightly[2] > 20 && nightly[3] > 10, "{nightly:?}");
    }

    #[test]
    fn requests_increase_from_month_to_month() {
        let pattern = Pattern { shape: Shape::Steady, daily: 5_000, weekend: 60 };
        let (recent, before) = (sum(&pattern, 1..29), sum(&pattern, 57..85));
        assert!(recent * 100 > before * 108 && recent * 100 < before * 130, "{before} {recent}");
    }

    #[test]
    fn the_smallest_applications_have_requests_too_and_the_largest_stay_below_20_000() {
        for index in 0..500 {
            let Some(pattern) = Pattern::of(index, Environment::Production) else { continue };
            let monday = of_day(&pattern, 7).iter().sum::<i64>();
            assert!((10..20_000).contains(&monday), "{pattern:?}: {monday}");
        }
    }
}
