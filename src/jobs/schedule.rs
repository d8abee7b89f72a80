//! Threads that take turns of work, so that nothing that people or programs wait for waits for it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::base::background;
use crate::base::error::{Error, Result};

/// How long the first turn waits, so that the program is ready sooner.
const FIRST: Duration = Duration::from_secs(1);
/// How long the end waits for what is under way, which is a message to one receiver or a transaction;
/// what the database or a receiver holds up for longer is done again by the next who holds the lease.
const PATIENCE: Duration = Duration::from_secs(6);

/// The work that goes on until it is dropped.
pub(super) struct Schedule {
    /// Tells all threads to end when it is dropped.
    end: Option<watch::Sender<()>>,
    /// Each thread has one, and drops it at its end.
    running: Option<Sender<()>>,
    ended: Receiver<()>,
}

/// What a turn of work has.
pub(super) struct Turn<'a> {
    runtime: &'a Runtime,
    end: &'a mut watch::Receiver<()>,
}

impl Turn<'_> {
    /// Waits for `work`.
    pub(super) fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The same, but no longer than the program goes on.
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

    /// Does `job` every `interval`, whatever becomes of it.
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
        let works = move || {
            let _running = running;
            let mut rest = interval.min(FIRST);
            // The sender sends nothing: what changes is that it is gone.
            while runtime.block_on(async { timeout(rest, end.changed()).await.is_err() }) {
                background::turn(name, || {
                    if let Err(error) = job(&mut Turn { runtime: &runtime, end: &mut end }) {
                        tracing::warn!(%error, "{name}: not done yet");
                    }
                });
                rest = interval;
            }
            // A database that says nothing would be waited for.
            runtime.shutdown_background();
            // Before it counts as ended, since it may give the lease back.
            drop(job);
        };
        thread::Builder::new().name(name.into()).spawn(works).map(drop).map_err(Error::internal)
    }
}

impl Drop for Schedule {
    /// Waits for what is under way, but not without end.
    fn drop(&mut self) {
        self.end = None;
        self.running = None;
        if self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("work in the background is left unfinished");
        }
    }
}
