//! Has what was counted written every two seconds, and once more at the end. When writing takes long,
//! since tens of thousands of keys are in use, less often: so it takes at most a thirtieth of the
//! time, up to a minute apart.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use crate::base::background;
use crate::base::error::{Error, Result};
use crate::db::Db;
use crate::domain::usage::Recorder;

/// How often what was counted is written.
const EVERY: Duration = Duration::from_secs(2);
/// How many times as long as the last writing took the next one is away,
const RESTS: u32 = 30;
/// but no longer than this.
const LONGEST: Duration = Duration::from_mins(1);

/// Writes in the background until it is dropped.
pub struct Writer {
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts to write what `recorder` counts.
    pub fn start(recorder: Arc<Recorder>, db: Db) -> Result<Self> {
        let (alive, end) = mpsc::channel();
        let runtime =
            Builder::new_current_thread().enable_time().on_thread_start(yield_to_requests).build();
        let runtime = runtime.map_err(Error::internal)?;
        let write = move || {
            yield_to_requests();
            let mut rest = EVERY;
            loop {
                let is_over = end.recv_timeout(rest) != Err(RecvTimeoutError::Timeout);
                let begun = Instant::now();
                background::turn("usage", || {
                    let written = runtime.block_on(async {
                        if is_over {
                            recorder.write(&db).await
                        } else {
                            recorder.write_due(&db).await
                        }
                    });
                    if let Err(error) = written {
                        tracing::warn!(%error, "what was counted could not be written yet");
                    }
                });
                if is_over {
                    break;
                }
                rest = (begun.elapsed() * RESTS).clamp(EVERY, LONGEST);
            }
            // A database that says nothing would be waited for.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("usage".into()).spawn(write);
        Ok(Self { alive: Some(alive), thread: Some(thread.map_err(Error::internal)?) })
    }
}

/// Lets requests have the processor first where there is not enough of it for both: by how much is
/// in the table of weights in Linux's `sched(7)`, and 10 is a ninth. No more, since others who write
/// to the database wait for this thread.
fn yield_to_requests() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10) {
        tracing::debug!(%error, "the thread that writes counts has an ordinary priority");
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
