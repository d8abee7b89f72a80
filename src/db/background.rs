//! The threads that wait for the database, and the time limits for callers that wait for them.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::commit::Commit;
use super::pool::Pool;
use super::pools::Pools;
use super::{Connection, Db, Transaction};
use crate::base::error::{Error, Result};

/// The time after which PostgreSQL counts as not answering: longer than the limits for a connection
/// and a statement together.
const HANG: Duration = Duration::from_secs(3);
/// The time limits after which background work that waits for PostgreSQL is abandoned. Reads get
/// longer than requests do, since background work may need many statements. Requests that write
/// wait for the writer.
const READ_HANG: Duration = Duration::from_secs(10);
const WRITE_HANG: Duration = Duration::from_secs(5);

/// Separate threads: a runtime waits for its threads when it ends, and a thread that waits for
/// PostgreSQL may never return. These threads are left running until the process ends.
pub(super) struct Threads {
    handle: Handle,
    /// `None` while this value is being dropped.
    runtime: Option<Runtime>,
}

impl Threads {
    pub(super) fn new() -> Result<Self> {
        let runtime = Builder::new_current_thread().thread_name("database").build();
        let runtime = runtime.map_err(Error::internal)?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that leaves the async threads"
        )]
        self.handle.spawn_blocking(work)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Db {
    /// Runs `work` off the async threads. If it waits too long for PostgreSQL, it is left running,
    /// and `give_up` ensures that other callers do not wait with it. A file always answers.
    pub(super) async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
        give_up: impl FnOnce(&Pools) + Send + 'static,
    ) -> Result<T> {
        let done = self.0.threads.run(work);
        if self.is_sqlite() {
            return done.await.map_err(Error::internal)?;
        }
        let pools = self.0.clone();
        // A separate task, since the caller's task is cancelled when its client disconnects.
        let in_time = tokio::spawn(async move {
            if let Ok(done) = tokio::time::timeout(HANG, done).await {
                return done.map_err(Error::internal)?;
            }
            give_up(&pools);
            Err(Error::Unavailable("it does not answer".into()))
        });
        in_time.await.map_err(Error::internal)?
    }

    /// [`Db::read`] for a background thread, which waits for the result, but only up to a limit.
    pub fn read_in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_in_background_from(|pools| &pools.readers, work)
    }

    /// [`Db::read_in_background`], over a connection that is reserved for verification.
    pub fn read_reserved_in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_in_background_from(|pools| &pools.reserved, work)
    }

    fn read_in_background_from<T: Send + 'static>(
        &self,
        pool: fn(&Pools) -> &Pool,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (db, readers) = (self.clone(), pool(&self.0).current());
        let connections = readers.clone();
        let work = move || db.0.read_with(pool(&db.0), &readers, work);
        if self.is_sqlite() {
            return work();
        }
        self.wait(READ_HANG, work, move |pools| pools.give_up(pool(pools), &connections))
    }

    /// [`Db::write`] for a background thread, which waits for the result, but only up to a limit.
    pub fn write_in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.is_sqlite() {
            return self.write_blocking(work);
        }
        let (db, writers) = (self.clone(), self.0.writers.current());
        let connections = writers.clone();
        let commit = Arc::new(Commit::default());
        let sending = commit.clone();
        let waiting = commit.clone();
        let work = move || db.write_with(&writers, &sending, work);
        commit.classify(self.wait(WRITE_HANG, work, move |pools| {
            waiting.abandon();
            pools.give_up(&pools.writers, &connections);
        }))
    }

    /// Runs `work` on another thread. If it takes longer than `limit`, calls `give_up` so that
    /// other callers get new connections.
    fn wait<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> Result<T> + Send + 'static,
        give_up: impl FnOnce(&Pools),
    ) -> Result<T> {
        let (sender, receiver) = mpsc::channel();
        drop(self.0.threads.run(move || sender.send(work())));
        match receiver.recv_timeout(limit) {
            Ok(result) => result,
            Err(RecvTimeoutError::Disconnected) => Err(Error::internal("the work panicked")),
            Err(RecvTimeoutError::Timeout) => {
                give_up(&self.0);
                Err(Error::Unavailable("it does not answer".into()))
            }
        }
    }
}
