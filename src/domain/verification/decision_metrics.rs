//! Metrics of decisions, which `/metrics` reports.

use metrics::{Counter, Histogram, Unit, counter, histogram};

use super::Verifier;
use crate::domain::usage::Outcome;

/// Handles of the counters, so that a decision does not have to look them up.
pub(super) struct DecisionMetrics {
    decisions: [Counter; Outcome::ALL.len()],
    /// Requests that could not be decided.
    pub undecided: Counter,
    /// Questions of gateways that are not understood.
    pub misunderstood: Counter,
    /// Secret keys found in the cache.
    pub hits: Counter,
    /// Secret keys read from the database because they were not cached.
    pub misses: Counter,
    /// Secret keys read from the database because the cache was not known to be current.
    pub bypasses: Counter,
    /// Secret keys denied without a look-up.
    pub barred: Counter,
    /// The duration of decisions in seconds, with look-ups.
    pub decision: Histogram,
    /// The duration of look-ups in seconds.
    pub look_up: Histogram,
}

const DECISIONS: &str = "latchkey_decisions_total";
const UNDECIDED: &str = "latchkey_undecided_total";
const MISUNDERSTOOD: &str = "latchkey_questions_not_understood_total";
const LOOK_UPS: &str = "latchkey_lookups_total";
const LOOK_UP: &str = "latchkey_database_lookup_seconds";
const DECISION: &str = "latchkey_decision_seconds";
const REMEMBERED: &str = "latchkey_cached_secret_keys";
const IS_CURRENT: &str = "latchkey_cache_is_current";

impl Default for DecisionMetrics {
    fn default() -> Self {
        metrics::describe_counter!(DECISIONS, "Requests decided, by outcome");
        metrics::describe_counter!(UNDECIDED, "Requests answered 503: nothing could be decided");
        metrics::describe_counter!(
            MISUNDERSTOOD,
            "Questions of gateways that are not understood and answered 503"
        );
        metrics::describe_counter!(
            LOOK_UPS,
            "Secret keys found in memory (hit), read from the database since they were not in \
             memory (miss) or memory could not be relied on (bypass), or denied without reading, \
             for a network that presents many that do not exist (barred)"
        );
        metrics::describe_histogram!(
            LOOK_UP,
            Unit::Seconds,
            "How long a read of a secret key takes"
        );
        metrics::describe_histogram!(
            DECISION,
            Unit::Seconds,
            "How long the decision about a request takes, with its look-up"
        );
        metrics::describe_gauge!(REMEMBERED, "Secret keys in memory");
        metrics::describe_gauge!(IS_CURRENT, "Whether memory is relied on: 1, or 0");
        let look_ups = |result: &'static str| counter!(LOOK_UPS, "result" => result);
        Self {
            decisions: Outcome::ALL.map(|o| counter!(DECISIONS, "outcome" => o.as_str())),
            undecided: counter!(UNDECIDED),
            misunderstood: counter!(MISUNDERSTOOD),
            hits: look_ups("hit"),
            misses: look_ups("miss"),
            bypasses: look_ups("bypass"),
            barred: look_ups("barred"),
            decision: histogram!(DECISION),
            look_up: histogram!(LOOK_UP),
        }
    }
}

impl DecisionMetrics {
    pub fn decided(&self, outcome: Outcome) {
        self.decisions[outcome as usize].increment(1);
    }
}

impl Verifier {
    /// Sets the gauges, which describe a state rather than an event.
    pub fn gauge(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a million at the most")]
        metrics::gauge!(REMEMBERED).set(self.cache.len() as f64);
        metrics::gauge!(IS_CURRENT).set(f64::from(u8::from(self.db.is_current())));
    }
}
