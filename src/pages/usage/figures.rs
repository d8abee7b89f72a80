//! Figures, periods and plots: the top part of the card for a series.

use serde::Deserialize;

use super::chart::Chart;
use crate::base::clock::Timestamp;
use crate::base::text::thousands;
use crate::domain::api_keys::KeyId;
use crate::domain::usage::{Period, Series};

/// A series with the links to other periods.
pub struct Figures {
    /// A link for each period.
    pub periods: Vec<Link>,
    /// The number of allowed requests.
    pub passed: String,
    /// The number of denied requests.
    pub denied: String,
    /// `the last 30 days`.
    pub span: String,
    pub chart: Option<Chart>,
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
    /// The figures of all keys or of one.
    pub fn new(series: &Series, key: Option<&KeyId>, now: Timestamp) -> Self {
        let path = key.map_or("/usage".into(), |key| format!("/api-keys/{}", key.as_str()));
        Self {
            periods: periods(&path, series.period),
            passed: thousands(series.passed().unsigned_abs()),
            denied: thousands(series.denied().unsigned_abs()),
            span: span(series.period),
            chart: Chart::new(series, key, now),
        }
    }
}

/// `the last 30 days`.
pub fn span(period: Period) -> String {
    format!("the last {}", period.label())
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
