//! Figures, periods and plots: the top of the card that shows a series.

use serde::Deserialize;

use super::chart::Chart;
use crate::base::clock::Timestamp;
use crate::base::text::thousands;
use crate::domain::usage::{Period, Series};

/// A series with the links to other periods.
pub struct Figures {
    /// A link for each period.
    pub periods: Vec<Link>,
    /// How many requests passed.
    pub passed: String,
    /// How many were refused.
    pub refused: String,
    pub chart: Chart,
}

/// A link to a period.
pub struct Link {
    /// `30 days`.
    pub label: &'static str,
    pub href: String,
    /// Whether it is the one that is shown.
    pub is_current: bool,
}

impl Figures {
    /// The figures of `series` on the page at `path`.
    pub fn new(series: &Series, path: &str, now: Timestamp) -> Self {
        Self {
            periods: periods(path, series.period),
            passed: thousands(series.passed().unsigned_abs()),
            refused: thousands(series.refused().unsigned_abs()),
            chart: Chart::new(series, now),
        }
    }
}

fn periods(path: &str, shown: Period) -> Vec<Link> {
    Period::ALL
        .map(|period| Link {
            label: period.label(),
            href: format!("{path}?period={}", period.as_str()),
            is_current: period == shown,
        })
        .into()
}

/// The period that an address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub period: Period,
}
