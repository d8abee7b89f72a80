//! Writes what was counted: every two seconds, in transactions small enough that nobody else who
//! writes waits for long, and once more at the end. When writing takes long, since tens of thousands
//! of keys are in use, less often: so it takes at most a thirtieth of the time, up to a minute apart.
//!
//! It takes the processor while requests leave it free: a request never waits for it to let go. On a
//! machine that is busy all the time that would be hardly ever, so there it has a share.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::{Recorder, store};
use crate::db::Db;
use crate::error::{Error, Result};

/// How often what was counted is written.
const EVERY: Duration = Duration::from_secs(2);
/// How many times as long as the last writing took the next one is away,
const RESTS: u32 = 30;
/// but no longer than this.
const LONGEST: Duration = Duration::from_mins(1);
/// How many tallies, and as many secrets' denials, go into one transaction.
const AT_ONCE: usize = 250;
/// A thread that takes what others leave of the processor, and longer to start, gets hardly any.
const PROMPTLY: Duration = Duration::from_millis(20);

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
        let lanes = Lanes::new()?;
        let write = move || {
            let mut rest = EVERY;
            loop {
                let is_over = end.recv_timeout(rest) != Err(RecvTimeoutError::Timeout);
                let begun = Instant::now();
                if let Err(error) = lanes.write(&recorder, &db) {
                    tracing::warn!(%error, "what was counted could not be written yet");
                }
                if is_over {
                    break;
                }
                rest = (begun.elapsed() * RESTS).clamp(EVERY, LONGEST);
            }
            lanes.close();
        };
        let thread = thread::Builder::new().name("usage".into()).spawn(write);
        Ok(Self { alive: Some(alive), thread: Some(thread.map_err(Error::internal)?) })
    }
}

/// Threads that write to the database.
struct Lanes {
    /// They have the processor while nobody else wants it.
    spare: Runtime,
    /// They have a share of it in any case, since others who write wait for them.
    fair: Runtime,
}

impl Lanes {
    fn new() -> Result<Self> {
        let lane = |starts: fn()| {
            let lane = Builder::new_current_thread().enable_time().on_thread_start(starts).build();
            lane.map_err(Error::internal)
        };
        Ok(Self { spare: lane(take_what_is_left)?, fair: lane(take_a_third)? })
    }

    fn write(&self, recorder: &Recorder, db: &Db) -> Result<()> {
        let mut has_time = true;
        self.fair.block_on(recorder.gather());
        while self.fair.block_on(recorder.has_more()) {
            has_time = has_time && self.has_spare_time();
            let lane = if has_time { &self.spare } else { &self.fair };
            lane.block_on(recorder.write_part(db))?;
        }
        Ok(())
    }

    fn has_spare_time(&self) -> bool {
        let starts = self.spare.spawn_blocking(|| ());
        self.spare.block_on(async { timeout(PROMPTLY, starts).await }).is_ok()
    }

    /// Leaves threads to themselves that a database keeps waiting.
    fn close(self) {
        self.spare.shutdown_background();
        self.fair.shutdown_background();
    }
}

/// `SCHED_IDLE` of Linux's `sched(7)`: whoever else wants the processor has it at once.
fn take_what_is_left() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
        if let Err(error) = set {
            tracing::debug!(%error, "the thread that writes counts has an ordinary priority");
        }
    }
}

/// Where there is not enough of the processor for both: by how much is in the table of weights in
/// `sched(7)`, and 5 is a third.
fn take_a_third() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 5) {
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

impl Recorder {
    /// Writes what was counted until now. What the database does not take for the time being is
    /// written with the next.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write(&self, db: &Db) -> Result<()> {
        self.gather().await;
        while self.has_more().await {
            self.write_part(db).await?;
        }
        Ok(())
    }

    async fn gather(&self) {
        self.pending.lock().await.merge(self.collect());
    }

    async fn has_more(&self) -> bool {
        !self.pending.lock().await.is_empty()
    }

    async fn write_part(&self, db: &Db) -> Result<()> {
        let mut pending = self.pending.lock().await;
        let part = Arc::new(pending.take(AT_ONCE));
        let written = Arc::clone(&part);
        let outcome = db.write(move |tx| store::write(tx, &written)).await;
        if kept_for_later(&outcome) {
            pending.merge(Arc::unwrap_or_clone(part));
            return outcome;
        }
        Ok(())
    }
}

/// Whether an error will pass; any other would come again and again, so that what caused it is left
/// out.
fn kept_for_later(outcome: &Result<()>) -> bool {
    if let Err(error) = outcome
        && !matches!(error, Error::Unavailable(_))
    {
        tracing::error!(%error, "a part of what was counted is lost");
    }
    matches!(outcome, Err(Error::Unavailable(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_keys::KeyId;
    use crate::clock::Timestamp;
    use crate::db::Location;
    use crate::usage::Secret;

    #[test]
    fn counts_are_written_although_nobody_leaves_the_processor_free() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&Location::Sqlite(folder.path().join("latchkey.db"))).expect("it opens");
        let one = || Builder::new_current_thread().enable_time().max_blocking_threads(1).build();
        let lanes = Lanes { spare: one().expect("a lane"), fair: one().expect("a lane") };
        // As a thread that never gets its turn.
        let (end, busy) = mpsc::channel::<()>();
        lanes.spare.spawn_blocking(move || busy.recv());
        assert!(!lanes.has_spare_time());
        let recorder = Recorder::default();
        for _ in 0..=AT_ONCE {
            let secret = Secret { key_id: KeyId::random().expect("random"), number: 1 };
            recorder.pass(secret, None, std::iter::empty(), Timestamp::from_millis(0));
        }
        lanes.write(&recorder, &db).expect("written");
        let written = lanes.fair.block_on(db.read(|c| {
            use diesel::prelude::*;
            Ok(crate::db::schema::usage_hours::table.count().get_result::<i64>(c)?)
        }));
        assert_eq!(written.expect("read"), 251);
        drop(end);
    }
}
