//! Detects when the system's clock is set back, by comparing it with a monotonic clock.
//!
//! Expiry follows the system's clock: what expired between the two times is valid again until the
//! clock passes them a second time. Small corrections, such as those of time services, do not
//! count.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::clock::{MINUTE, Timestamp, short_date};

/// How far the clock may step back without a warning, in milliseconds.
const TOLERANCE: i64 = MINUTE;

/// The clock's recorded steps; cheap to clone, shared by the whole program.
#[derive(Clone, Debug, Default)]
pub struct ClockSteps(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The most that the clock was ahead of the program's uptime, in milliseconds.
    lead: Option<i64>,
    last: Option<StepBack>,
}

/// A step back of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepBack {
    /// The time that the clock would have shown without the step.
    pub from: Timestamp,
    /// The time that it showed instead.
    pub to: Timestamp,
}

impl ClockSteps {
    /// Compares the clock, which shows `now`, with the program's uptime in milliseconds.
    pub fn check(&self, now: Timestamp, uptime: u64) {
        let uptime = i64::try_from(uptime).unwrap_or(i64::MAX);
        let lead = now.millis().saturating_sub(uptime);
        let mut state = self.state();
        let most = state.lead.unwrap_or(lead).max(lead);
        if most - lead <= TOLERANCE {
            state.lead = Some(most);
            return;
        }
        // The next step is compared with what the clock shows from now on.
        state.lead = Some(lead);
        let from = Timestamp::from_millis(most.saturating_add(uptime));
        tracing::warn!(
            "the system's clock was set back from {from} to {now}: what expired in between is valid again"
        );
        let before = state.last.map_or(from, |last| last.from.max(from));
        state.last = Some(StepBack { from: before, to: now });
    }

    /// The last step, until the clock reaches the time from which it was set back.
    pub fn last(&self, now: Timestamp) -> Option<StepBack> {
        self.state().last.filter(|step| now < step.from)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StepBack {
    /// The warning to show.
    pub fn warning(&self) -> String {
        let [from, to] = [self.from, self.to]
            .map(|at| format!("{}, {}", short_date(at.date()), at.time_of_day()));
        format!(
            "The server’s clock was set back from {from} to {to} UTC. What expired in between, API keys \
             too, is valid again until the clock has passed that time. Check the server’s clock."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SECOND;

    #[test]
    fn only_a_step_back_of_more_than_a_minute_counts_until_the_clock_has_caught_up() {
        let start = Timestamp::from_millis(1_795_435_200_000);
        for (step, is_noticed) in [
            (MINUTE, false),
            (0, false),
            (-MINUTE, false),
            (-MINUTE - 1, true),
            (-9 * MINUTE, true),
        ] {
            let steps = ClockSteps::default();
            steps.check(start, 5_000);
            let now = start.plus(10 * SECOND + step);
            steps.check(now, 15_000);
            let expected = StepBack { from: start.plus(10 * SECOND), to: now };
            assert_eq!(steps.last(now), is_noticed.then_some(expected), "{step}");
            assert_eq!(steps.last(expected.from), None, "{step}");
        }
    }

    #[test]
    fn several_small_steps_count_together() {
        let start = Timestamp::from_millis(1_795_435_200_000);
        let steps = ClockSteps::default();
        for n in 0..3_i64 {
            steps.check(start.plus(-n * 40 * SECOND), 0);
        }
        assert_eq!(steps.last(start.plus(-1)).map(|step| step.from), Some(start));
    }
}
