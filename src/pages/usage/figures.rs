//! Figures, periods and plots: the top part of the card for a series.

use serde::Deserialize;

use super::chart::Chart;
use crate::base::clock::Timestamp;
use crate::base::text::thousands;
use crate::domain::usage::{Period, Series};

/// A series with the links to other periods.
pub struct Figures {
    /// A link for each period.
    pub periods: Vec<Link>,
    /// The number of allowed requests.
    pub passed: String,
    /// The number of denied requests.
    pub denied: String,
    pub chart: Chart,
}

/// A link to a period.
pub struct Link {
    /// `30 days`.
    pub label: &'static str,
    pub href: String,
    /// Whether it is the period shown.
    pub is_current: bool,
}

impl Figures {
    /// The figures of `series` on the page at `path`.
    pub fn new(series: &Series, path: &str, now: Timestamp) -> Self {
        Self {
            periods: periods(path, series.period),
            passed: thousands(series.passed().unsigned_abs()),
            denied: thousands(series.denied().unsigned_abs()),
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

/// The period in the query of a URL.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Parameters {
    pub period: Period,
}
