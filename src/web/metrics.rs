//! Metrics for Prometheus: collected from the whole program, rendered on demand.
//!
//! Names start with `latchkey_` and end in their unit, or in `_total` for counters; those of the
//! process have the names that every Prometheus client uses (`process_…`). No label names a key, a
//! member or an address.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use crate::base::error::{Error, Result};

/// The content type of Prometheus' text format, version 0.0.4.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The bounds of the buckets for times, in seconds.
const TIMES: [f64; 11] =
    [0.000_01, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];
/// How often measured times are sorted into buckets, so that they do not accumulate without
/// requests.
const UPKEEP: Duration = Duration::from_secs(5);

/// The collected metrics; cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    lost: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Metrics {
    /// Starts to collect the metrics that are registered from now on. `lost` counts the lost lines
    /// of the log.
    pub fn install(lost: impl Fn() -> u64 + Send + Sync + 'static) -> Result<Self> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &TIMES)
            .map_err(Error::internal)?;
        let handle = builder.install_recorder().map_err(Error::internal)?;
        Collector::default().describe();
        metrics::describe_gauge!("latchkey_build_info", "The version that runs; always 1");
        metrics::gauge!("latchkey_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
        metrics::describe_counter!(
            "latchkey_log_lines_lost_total",
            "Lines of the log that nobody took"
        );
        Ok(Self { handle, lost: Arc::new(lost) })
    }

    /// All metrics in Prometheus' text format.
    pub fn text(&self) -> String {
        metrics::counter!("latchkey_log_lines_lost_total").absolute((self.lost)());
        Collector::default().collect();
        self.handle.render()
    }

    /// Periodically sorts measured times into buckets; never returns.
    pub async fn run_upkeep(self) {
        let mut interval = tokio::time::interval(UPKEEP);
        let mut reported = 0;
        loop {
            interval.tick().await;
            self.handle.run_upkeep();
            let lost = (self.lost)();
            if lost > reported {
                // The log receives this as soon as its output is read again.
                tracing::warn!(
                    lines = lost - reported,
                    "lines of the log were lost: nobody took them"
                );
                reported = lost;
            }
        }
    }
}
