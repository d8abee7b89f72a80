//! Time: the program's clock and the instants that it stores.
//!
//! This is the only module that reads the system's clock; all other code receives the time as an
//! argument. Does not depend on any feature.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// An instant: whole milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Milliseconds in a day of UTC.
pub const DAY: i64 = 24 * HOUR;
/// Milliseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds in a second.
pub const SECOND: i64 = 1000;

const SHORT_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year]");
const DAY_AND_MONTH: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short]");
const LONG_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year]");
const ISO_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const TIME_OF_DAY: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");
const TIME_TO_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
const WEEKDAY: &[BorrowedFormatItem<'_>] = format_description!("[weekday]");
const RFC_3339_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const DATE_AND_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]");
const RFC_3339: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

impl Timestamp {
    /// The instant `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant `millis` milliseconds later (earlier when negative).
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The hour of UTC that this instant falls in, counted since 1970.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(HOUR)
    }

    /// The day of UTC that this instant falls in, counted since 1970.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// The end of `date`: the first instant of the day after it, UTC.
    pub fn end_of(date: Date) -> Self {
        let midnight = date.midnight().assume_utc() + Duration::DAY;
        Self(midnight.unix_timestamp() * SECOND)
    }

    /// The day in UTC that this instant falls on.
    pub fn date(self) -> Date {
        self.utc().date()
    }

    /// The last day, in UTC, of a period that ends at this instant.
    pub fn last_day(self) -> Date {
        self.plus(-1).date()
    }

    /// `14:02`, UTC.
    pub fn time_of_day(self) -> String {
        self.utc().format(TIME_OF_DAY).unwrap_or_default()
    }

    /// `14:02:07.250`, UTC.
    pub fn time_to_millis(self) -> String {
        self.utc().format(TIME_TO_MILLIS).unwrap_or_default()
    }

    /// `2026-12-02T14:02:00Z` (RFC 3339), for `<time datetime>` and exports.
    pub fn rfc_3339(self) -> String {
        self.utc().format(RFC_3339).unwrap_or_default()
    }

    /// `2026-12-02T14:02:00.250Z`, to the millisecond, for records.
    pub fn rfc_3339_millis(self) -> String {
        self.utc().format(RFC_3339_MILLIS).unwrap_or_default()
    }

    /// The first instant of `date`, UTC.
    pub fn start_of(date: Date) -> Self {
        Self(date.midnight().assume_utc().unix_timestamp() * SECOND)
    }

    fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(UtcOffset::UTC)
    }
}

impl AsRef<i64> for Timestamp {
    fn as_ref(&self) -> &i64 {
        &self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc_3339())
    }
}

/// Milliseconds since the program's start, by a monotonic clock: for leases and pauses, which
/// measure elapsed time and not the time of day.
pub fn uptime() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// `2 Dec 2026`, for tables.
pub fn short_date(date: Date) -> String {
    date.format(SHORT_DATE).unwrap_or_default()
}

/// `2 Dec`, where the year is clear from the context.
pub fn day_and_month(date: Date) -> String {
    date.format(DAY_AND_MONTH).unwrap_or_default()
}

/// `Today, 14:02`, `Yesterday, 22:41`, `12 Nov, 08:20`, `2 Dec 2025, 08:20`: UTC.
pub fn day_and_time(at: Timestamp, now: Timestamp) -> String {
    let (date, today) = (at.date(), now.date());
    let day = match (today - date).whole_days() {
        0 => "Today".into(),
        1 => "Yesterday".into(),
        _ if date.year() == today.year() => day_and_month(date),
        _ => short_date(date),
    };
    format!("{day}, {}", at.time_of_day())
}

/// `2 December 2026`, for prose.
pub fn long_date(date: Date) -> String {
    date.format(LONG_DATE).unwrap_or_default()
}

/// `Today`, `Yesterday` or the day of the week, for headings.
pub fn day_name(date: Date, today: Date) -> String {
    match (today - date).whole_days() {
        0 => "Today".into(),
        1 => "Yesterday".into(),
        _ => date.format(WEEKDAY).unwrap_or_default(),
    }
}

/// `2026-12-02`, the value of `<input type="date">`.
pub fn iso_date(date: Date) -> String {
    date.format(ISO_DATE).unwrap_or_default()
}

/// Reads `2026-12-24T18:00`, UTC, as a browser's field for a date and a time writes it. A space may
/// stand for the `T`.
pub fn parse_iso_time(text: &str) -> Option<Timestamp> {
    let at = PrimitiveDateTime::parse(&text.replace(' ', "T"), DATE_AND_TIME).ok()?;
    Some(Timestamp(at.assume_utc().unix_timestamp() * SECOND))
}

/// Reads `2026-12-02`; `None` for anything else.
pub fn parse_iso_date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| Date::parse(text, ISO_DATE).ok())?
}

/// `2 min ago`; a date after a day or more.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    match now.since(then) {
        passed if passed < 10 * SECOND => "Just now".into(),
        passed if passed < MINUTE => format!("{} sec ago", passed / SECOND),
        passed if passed < HOUR => format!("{} min ago", passed / MINUTE),
        passed if passed < 2 * HOUR => "1 hour ago".into(),
        passed if passed < DAY => format!("{} hours ago", passed / HOUR),
        _ => short_date(then.date()),
    }
}

/// [`ago`] within a sentence: `just now`, `3 min ago`, `22 Sep 2026`.
pub fn ago_within(then: Timestamp, now: Timestamp) -> String {
    let text = ago(then, now);
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

/// The source of the time: the system, or a test that sets it.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// Does not move until a test advances it.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that is fixed at `now`.
    pub fn fixed(now: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(now.millis())))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Fixed(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock by `millis`; does nothing to the system's clock.
    pub fn advance(&self, millis: i64) {
        if let Self::Fixed(now) = self {
            now.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_date_ends_at_the_next_midnight_and_is_its_own_last_day() {
        let end = Timestamp::end_of(date!(2026 - 12 - 02));
        assert_eq!(end.rfc_3339(), "2026-12-03T00:00:00Z");
        assert_eq!(short_date(end.last_day()), "2 Dec 2026");
    }

    #[test]
    fn only_complete_iso_dates_are_read() {
        assert_eq!(parse_iso_date("2026-12-02"), Some(date!(2026 - 12 - 02)));
        for text in ["", "2026-12-32", "2026-2-3", "02.12.2026", "2026-12-02x", "+2026-12-2"] {
            assert_eq!(parse_iso_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_and_time_name_the_year_only_when_needed() {
        let now = Timestamp::from_millis(1_795_435_200_000);
        let texts =
            [0, 13 * HOUR, 11 * DAY, 400 * DAY].map(|passed| day_and_time(now.plus(-passed), now));
        assert_eq!(
            texts,
            ["Today, 12:00", "Yesterday, 23:00", "12 Nov, 12:00", "19 Oct 2025, 12:00"]
        );
    }

    #[test]
    fn a_date_within_a_sentence_keeps_the_name_of_its_month() {
        let now = Timestamp::from_millis(1_795_435_200_000);
        let texts = [0, 2 * MINUTE, 60 * DAY].map(|passed| ago_within(now.plus(-passed), now));
        assert_eq!(texts, ["just now", "2 min ago", "24 Sep 2026"]);
    }

    #[test]
    fn times_are_relative_within_a_day_and_dates_beyond() {
        let now = Timestamp::from_millis(1_795_435_200_000);
        let texts = [0, 30 * SECOND, 2 * MINUTE, HOUR, 6 * HOUR, DAY]
            .map(|passed| ago(now.plus(-passed), now));
        assert_eq!(
            texts,
            ["Just now", "30 sec ago", "2 min ago", "1 hour ago", "6 hours ago", "22 Nov 2026"]
        );
    }
}
