//! The threads that wait for the database, and who waits for them: for so long and no longer.

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

/// After how long PostgreSQL is taken to say nothing at all: longer than a connection and a statement
/// may be waited for together.
const HANG: Duration = Duration::from_secs(3);
/// After how long work in the background is given up that waits for PostgreSQL: longer than what
/// requests wait, since it may read with many statements. Requests that write wait for who writes.
const READ_HANG: Duration = Duration::from_secs(10);
const WRITE_HANG: Duration = Duration::from_secs(5);

/// Threads of their own: the end of a runtime waits for its threads, and one that waits for PostgreSQL
/// may never come back. These are left to the end of the process.
pub(super) struct Threads {
    handle: Handle,
    /// `None` once it is being dropped.
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
    /// Runs `work` off the async threads. When it waits for PostgreSQL for too long, it is left
    /// running, and `give_up` sees to it that others do not wait with it. A file always answers.
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
        // A task of its own, since the caller's goes when its client does.
        let in_time = tokio::spawn(async move {
            if let Ok(done) = tokio::time::timeout(HANG, done).await {
                return done.map_err(Error::internal)?;
            }
            give_up(&pools);
            Err(Error::Unavailable("it does not answer".into()))
        });
        in_time.await.map_err(Error::internal)?
    }

    /// [`Db::read`] for a thread in the background, which waits for it, but not without end.
    pub fn read_in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_in_background_from(|pools| &pools.readers, work)
    }

    /// [`Db::read_in_background`], over a connection of verification's own.
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
        let work = move || db.0.read_over(pool(&db.0), &readers, work);
        if self.is_sqlite() {
            return work();
        }
        self.wait(READ_HANG, work, move |pools| pools.give_up(pool(pools), &connections))
    }

    /// [`Db::write`] for a thread in the background, which waits for it, but not without end.
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
        commit.judge(self.wait(WRITE_HANG, work, move |pools| {
            waiting.abandon();
            pools.give_up(&pools.writers, &connections);
        }))
    }

    /// Runs `work` on another thread, and has `give_up` make place for others when it takes longer than
    /// `limit`.
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
