//! Connections that are being made, and whether one takes longer than connecting can take.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Location, postgres_url};

/// The start time of each connection that is being made, oldest first.
#[derive(Debug)]
pub(super) struct Attempts {
    begun: Mutex<Vec<Instant>>,
    limit: Duration,
}

/// A connection that is being made, until this value is dropped.
pub(super) struct Attempt {
    attempts: Arc<Attempts>,
    begun: Instant,
}

impl Attempts {
    pub(super) fn at(location: &Location) -> Self {
        let limit = match location {
            // A file opens immediately.
            Location::Sqlite(_) => Duration::ZERO,
            Location::Postgres(url) => postgres_url::connect_limit(url),
        };
        Self { begun: Mutex::default(), limit }
    }

    /// The longest time that connecting takes unless it hangs.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn begin(self: &Arc<Self>) -> Attempt {
        let begun = Instant::now();
        self.begun().push(begun);
        Attempt { attempts: self.clone(), begun }
    }

    /// Whether one of the attempts hangs.
    pub(super) fn is_hanging(&self) -> bool {
        self.begun().first().is_some_and(|begun| begun.elapsed() > self.limit)
    }

    fn begun(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut begun = self.attempts.begun();
        if let Some(at) = begun.iter().position(|begun| *begun == self.begun) {
            begun.remove(at);
        }
    }
}
