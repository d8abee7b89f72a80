//! Writes usage counts every two seconds, and once more at shutdown. If a write takes long because
//! tens of thousands of keys are in use, writes are less frequent, up to a minute apart, so that
//! they take at most about a thirtieth of the time.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use crate::base::background;
use crate::base::error::{Error, Result};
use crate::db::Db;
use crate::domain::usage::Recorder;

/// How often counts are written.
const INTERVAL: Duration = Duration::from_secs(2);
/// The pause after a write, as a multiple of its duration.
const PAUSE_FACTOR: u32 = 30;
/// The maximum pause.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// Writes in the background until it is dropped.
pub struct Writer {
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts writing the counts of `recorder`.
    pub fn start(recorder: Arc<Recorder>, db: Db) -> Result<Self> {
        let (alive, end) = mpsc::channel();
        let runtime =
            Builder::new_current_thread().enable_time().on_thread_start(yield_to_requests).build();
        let runtime = runtime.map_err(Error::internal)?;
        let write = move || {
            yield_to_requests();
            let mut pause = INTERVAL;
            loop {
                let is_ending = end.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
                let started = Instant::now();
                background::run_guarded("usage", || {
                    let written = runtime.block_on(async {
                        if is_ending {
                            recorder.write(&db).await
                        } else {
                            recorder.write_due(&db).await
                        }
                    });
                    if let Err(error) = written {
                        tracing::warn!(%error, "what was counted could not be written yet");
                    }
                });
                if is_ending {
                    break;
                }
                pause = (started.elapsed() * PAUSE_FACTOR).clamp(INTERVAL, MAX_PAUSE);
            }
            // A normal shutdown would wait for a database that does not respond.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("usage".into()).spawn(write);
        Ok(Self { alive: Some(alive), thread: Some(thread.map_err(Error::internal)?) })
    }
}

/// Gives requests priority on a processor that both need. A nice value of 10 is about a ninth of the
/// normal weight (see the table of weights in Linux's `sched(7)`). It is not lower because other
/// database writers wait for this thread.
fn yield_to_requests() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10) {
        tracing::debug!(%error, "the thread that writes counts has an ordinary priority");
    }
}

impl Drop for Writer {
    /// Writes the remaining counts.
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
