//! Shows how far long work has come, on standard error: as a bar on a terminal, otherwise as a line
//! for every tenth. Work that ends within a few seconds shows no lines.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::base::progress::Progress;
use crate::base::text::thousands;

/// How long a step may take before lines are written about it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a bar is drawn while nothing is reported.
const TICK: Duration = Duration::from_millis(500);
const TEMPLATE: &str = "{msg} [{bar:30}] {percent}% {eta}";

/// Progress on standard error.
pub(super) enum Shown {
    Bar(ProgressBar),
    Lines(Lines),
}

pub(super) struct Lines {
    step: &'static str,
    total: u64,
    done: u64,
    /// The last tenth that was written.
    written: u64,
    began: Instant,
}

impl Shown {
    pub(super) fn new() -> Self {
        if !io::stderr().is_terminal() {
            let began = Instant::now();
            return Self::Lines(Lines { step: "", total: 0, done: 0, written: 0, began });
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(TICK);
        Self::Bar(bar)
    }
}

impl Progress for Shown {
    fn begin(&mut self, step: &'static str, total: u64) {
        match self {
            Self::Bar(bar) => {
                bar.reset();
                bar.set_length(total);
                bar.set_message(step);
            }
            Self::Lines(lines) => {
                *lines = Lines { step, total, done: 0, written: 0, began: Instant::now() };
            }
        }
    }

    fn advance(&mut self, parts: u64) {
        match self {
            Self::Bar(bar) => bar.inc(parts),
            Self::Lines(lines) => lines.advance(parts),
        }
    }
}

impl Lines {
    fn advance(&mut self, parts: u64) {
        self.done = self.done.saturating_add(parts).min(self.total);
        let tenth = (self.done * 10).checked_div(self.total).unwrap_or_default();
        if tenth > self.written && self.began.elapsed() > PATIENCE {
            self.written = tenth;
            let (done, total) = (thousands(self.done), thousands(self.total));
            // If nothing reads standard error, the work goes on.
            let _ = writeln!(io::stderr(), "{}: {}% ({done} of {total})", self.step, tenth * 10);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
