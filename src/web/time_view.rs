//! Times for templates: the macro `m::time` draws them.

use crate::base::clock::{Timestamp, ago, day_and_time, long_date, short_date};

/// A time in the words of a page, with the exact time as the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeView {
    /// `Today, 14:02`.
    pub text: String,
    at: Timestamp,
}

impl TimeView {
    pub fn new(text: impl Into<String>, at: Timestamp) -> Self {
        Self { text: text.into(), at }
    }

    /// `2 min ago`; a date after a day or more.
    pub fn ago(at: Timestamp, now: Timestamp) -> Self {
        Self::new(ago(at, now), at)
    }

    /// `Today, 14:02`, `12 Nov, 08:20`.
    pub fn day_and_time(at: Timestamp, now: Timestamp) -> Self {
        Self::new(day_and_time(at, now), at)
    }

    /// `2 Dec 2026`.
    pub fn date(at: Timestamp) -> Self {
        Self::new(short_date(at.date()), at)
    }

    /// The value of the attribute `datetime`.
    pub fn rfc_3339(&self) -> String {
        self.at.rfc_3339()
    }

    /// `28 November 2026, 13:09:26 UTC`.
    pub fn title(&self) -> String {
        let time = self.at.time_to_millis();
        let (seconds, _) = time.split_once('.').unwrap_or((&time, ""));
        format!("{}, {seconds} UTC", long_date(self.at.date()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_exact_to_the_second() {
        let view = TimeView::date(Timestamp::from_millis(1_795_871_366_987));
        assert_eq!(view.text, "28 Nov 2026");
        assert_eq!(view.title(), "28 November 2026, 13:09:26 UTC");
        assert_eq!(view.rfc_3339(), "2026-11-28T13:09:26Z");
    }
}
