//! A key's activity since a day, for templates.

use crate::base::clock::{Timestamp, short_date};
use crate::base::text::thousands;
use crate::domain::usage::denials::DenialGroup;
use crate::domain::usage::{Outcome, Trace, Traces};
use crate::pages::usage::reason;
use crate::web::time_view::TimeView;

/// The maximum number of addresses, and of kinds of denied requests, shown.
const SHOWN: usize = 50;

#[derive(Default)]
pub(super) struct TracesView {
    pub passed: String,
    pub denied: String,
    /// The number of denied requests for each reason.
    pub reasons: Vec<(String, String)>,
    pub addresses: Vec<Source>,
    pub more_addresses: usize,
    pub denials: Vec<DeniedRequests>,
    pub more_denied: usize,
    /// The scopes, each with the day on which it was last requested.
    pub scopes: Vec<(String, String)>,
}

pub(super) struct Source {
    pub address: String,
    pub is_new: bool,
    pub first: TimeView,
    pub last: TimeView,
    pub passed: String,
    pub denied: String,
}

pub(super) struct DeniedRequests {
    pub request_id: String,
    pub reason: String,
    pub count: String,
    pub line: String,
    pub address: String,
    pub when: TimeView,
}

impl TracesView {
    pub(super) fn new(traces: &Traces, now: Timestamp) -> Self {
        let reasons = traces.outcomes.iter().filter(|(outcome, _)| *outcome != Outcome::Pass);
        Self {
            passed: count(traces.passed()),
            denied: count(traces.denied()),
            reasons: reasons.map(|(outcome, sum)| (reason(*outcome, ""), count(*sum))).collect(),
            addresses: traces
                .addresses
                .iter()
                .take(SHOWN)
                .map(|trace| source(trace, now))
                .collect(),
            more_addresses: traces.addresses.len().saturating_sub(SHOWN),
            denials: traces
                .denials
                .iter()
                .take(SHOWN)
                .map(|kind| denied_requests(kind, now))
                .collect(),
            more_denied: traces.denials.len().saturating_sub(SHOWN),
            scopes: traces
                .scopes
                .iter()
                .map(|(scope, day)| (scope.clone(), short_date(day.date())))
                .collect(),
        }
    }

    /// The number of addresses.
    pub(super) fn address_count(&self) -> usize {
        self.addresses.len() + self.more_addresses
    }
}

fn count(count: i64) -> String {
    thousands(count.unsigned_abs())
}

fn source(trace: &Trace, now: Timestamp) -> Source {
    Source {
        address: trace.address.clone(),
        is_new: trace.is_new,
        first: TimeView::day_and_time(trace.first, now),
        last: TimeView::day_and_time(trace.last, now),
        passed: count(trace.passed),
        denied: count(trace.denied),
    }
}

fn denied_requests(kind: &DenialGroup, now: Timestamp) -> DeniedRequests {
    let latest = &kind.latest;
    DeniedRequests {
        request_id: latest.request_id.clone(),
        reason: reason(latest.reason, &latest.detail),
        count: count(kind.count),
        line: latest.line.clone(),
        address: latest.address.clone().unwrap_or_else(|| "–".into()),
        when: TimeView::day_and_time(latest.at, now),
    }
}
