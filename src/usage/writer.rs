//! Writes what was counted: every two seconds, in transactions small enough that nobody else who
//! writes waits for long, and once more at the end. When writing takes long, since tens of thousands
//! of keys are in use, less often: so it takes at most a twentieth of the time, up to a minute apart.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Recorder, store};
use crate::db::Db;
use crate::error::{Error, Result};

/// How often what was counted is written.
const EVERY: Duration = Duration::from_secs(2);
/// How many times as long as the last writing took the next one is away,
const RESTS: u32 = 20;
/// but no longer than this.
const LONGEST: Duration = Duration::from_mins(1);
/// How many tallies, and how many denials, go into one transaction.
const AT_ONCE: usize = 2_000;

/// Writes in the background until it is dropped.
pub struct Writer {
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts to write what `recorder` counts.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(recorder: Arc<Recorder>, db: Db) -> Result<Self> {
        let (alive, end) = mpsc::channel();
        let write = move || {
            let mut rest = EVERY;
            loop {
                let is_over = end.recv_timeout(rest) != Err(RecvTimeoutError::Timeout);
                let begun = Instant::now();
                if let Err(error) = recorder.write(&db) {
                    tracing::warn!(%error, "what was counted could not be written yet");
                }
                if is_over {
                    break;
                }
                rest = (begun.elapsed() * RESTS).clamp(EVERY, LONGEST);
            }
        };
        let thread = thread::Builder::new().name("usage".into()).spawn(write);
        Ok(Self { alive: Some(alive), thread: Some(thread.map_err(Error::internal)?) })
    }
}

impl Drop for Writer {
    /// Writes what is left.
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Recorder {
    /// Writes what was counted until now. What the database does not take for the time being is
    /// written with the next.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn write(&self, db: &Db) -> Result<()> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.merge(self.collect());
        if pending.is_empty() {
            return Ok(());
        }
        let mut places: Vec<_> = pending.tallies.keys().copied().collect();
        // In the order in which the tables are kept, so that a page is written once.
        places.sort_unstable();
        for chunk in places.chunks(AT_ONCE) {
            let tallies: Vec<_> = chunk
                .iter()
                .filter_map(|place| Some((*place, pending.tallies.get(place)?)))
                .collect();
            kept_for_later(db.write_blocking(|tx| store::add(tx, &tallies)))?;
            for place in chunk {
                pending.tallies.remove(place);
            }
        }
        let mut denials = pending.take_denials();
        while !denials.is_empty() {
            let chunk = &denials[denials.len().saturating_sub(AT_ONCE)..];
            let written = kept_for_later(db.write_blocking(|tx| store::deny(tx, chunk)));
            if written.is_err() {
                for (secret, alike) in denials {
                    pending.put_back(secret, alike);
                }
                return written;
            }
            denials.truncate(denials.len().saturating_sub(AT_ONCE));
        }
        Ok(())
    }
}

/// An error that will pass ends the writing; any other would come again and again, so that what
/// caused it is left out.
fn kept_for_later(written: Result<()>) -> Result<()> {
    match written {
        Err(Error::Unavailable(what)) => Err(Error::Unavailable(what)),
        Err(error) => {
            tracing::error!(%error, "a part of what was counted is lost");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
