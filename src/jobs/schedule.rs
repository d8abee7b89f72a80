//! Threads that do background work at intervals, so that it never delays people or programs.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::base::background;
use crate::base::error::{Error, Result};

/// The delay before the first run, so that the program starts sooner.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// How long shutdown waits for work in progress, such as a message to one receiver or a transaction.
/// Work that the database or a receiver delays for longer is repeated by the next holder of the
/// lease.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(6);

/// Background work that continues until it is dropped.
pub(super) struct Schedule {
    /// Ends all threads when it is dropped.
    end: Option<watch::Sender<()>>,
    /// Each thread has a clone, and drops it when it ends.
    running: Option<Sender<()>>,
    ended: Receiver<()>,
}

/// What a run of a job can use.
pub(super) struct Turn<'a> {
    runtime: &'a Runtime,
    end: &'a mut watch::Receiver<()>,
}

impl Turn<'_> {
    /// Waits for `work`.
    pub(super) fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Waits for `work`, but stops waiting when the program shuts down.
    pub(super) fn wait_while_serving(&mut self, work: impl Future<Output = ()>) {
        self.runtime.block_on(async {
            tokio::select! {
                () = work => {}
                _ = self.end.changed() => {}
            }
        });
    }
}

impl Schedule {
    pub(super) fn new() -> Self {
        let (running, ended) = mpsc::channel();
        Self { end: Some(watch::Sender::new(())), running: Some(running), ended }
    }

    /// Runs `job` every `interval`, even after failures.
    pub(super) fn every(
        &mut self,
        name: &'static str,
        interval: Duration,
        mut job: impl FnMut(&mut Turn<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        let Some(mut end) = self.end.as_ref().map(watch::Sender::subscribe) else { return Ok(()) };
        let running = self.running.clone();
        let run = move || {
            let _running = running;
            let mut pause = interval.min(FIRST_DELAY);
            // The sender never sends a value; the change is that it is dropped.
            while runtime.block_on(async { timeout(pause, end.changed()).await.is_err() }) {
                background::run_guarded(name, || {
                    if let Err(error) = job(&mut Turn { runtime: &runtime, end: &mut end }) {
                        tracing::warn!(%error, "{name}: not done yet");
                    }
                });
                pause = interval;
            }
            // A normal shutdown would wait for a database that does not respond.
            runtime.shutdown_background();
            // Dropping the job may release the lease, so it must happen before the thread counts as
            // ended.
            drop(job);
        };
        thread::Builder::new().name(name.into()).spawn(run).map(drop).map_err(Error::internal)
    }
}

impl Drop for Schedule {
    /// Waits for work in progress, but only for a limited time.
    fn drop(&mut self) {
        self.end = None;
        self.running = None;
        if self.ended.recv_timeout(SHUTDOWN_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("work in the background is left unfinished");
        }
    }
}
