//! The state that handles to the database share: the pools, and the file that they are for.

use std::fs::File;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::background::Threads;
use super::counted::Count;
use super::feed::Feed;
use super::pool::{Connections, Pool, PooledConnection};
use super::sqlite_file::SqliteFile;
use super::{Connection, Location, Transaction, error, health};
use crate::base::error::Result;

/// How long a stop waits for reads and writes in progress.
const CLOSING: Duration = Duration::from_secs(5);

/// Writes what follows from a transaction's announcements.
pub(super) type Consequences =
    Box<dyn Fn(&mut Transaction<'_>, &[String]) -> Result<()> + Send + Sync>;

pub(super) struct Pools {
    pub location: Location,
    pub readers: Pool,
    pub writers: Pool,
    /// For verification, so that nothing in the dashboard can take its connections.
    pub reserved: Pool,
    /// For long reads, so that they take no connection from requests.
    pub exports: Pool,
    pub feed: Arc<Feed>,
    pub consequences: OnceLock<Consequences>,
    /// `None` on PostgreSQL.
    pub file: Option<Arc<SqliteFile>>,
    pub count: Arc<Count>,
    pub threads: Threads,
    pub health: health::RecentResults,
    /// Says that this process uses the SQLite file.
    _use_lock: Option<File>,
}

impl Pools {
    pub(super) fn open(
        location: &Location,
        file: Option<SqliteFile>,
        use_lock: Option<File>,
    ) -> Result<Self> {
        let count = Arc::new(Count::default());
        let pools = Self {
            location: location.clone(),
            readers: Pool::readers(location, &count),
            writers: Pool::writers(location, &count),
            reserved: Pool::reserved(location, &count),
            exports: Pool::exports(location, &count),
            feed: Arc::default(),
            consequences: OnceLock::new(),
            file: file.map(Arc::new),
            count,
            threads: Threads::new()?,
            health: health::RecentResults::default(),
            _use_lock: use_lock,
        };
        for pool in [&pools.readers, &pools.writers, &pools.reserved] {
            pool.wait()?;
        }
        Ok(pools)
    }

    /// A connection from `connections`, which are or were the current ones of `pool`.
    pub(super) fn get(
        &self,
        pool: &Pool,
        connections: &Arc<Connections>,
    ) -> Result<PooledConnection> {
        self.check()?;
        let pooled = connections.get().inspect_err(|_| {
            if connections.is_hanging() {
                self.give_up(pool, connections);
            }
        })?;
        // Checks again, since closing waits only for connections that were taken before.
        self.check()?;
        Ok(pooled)
    }

    /// Reads over one of `connections`, which [`Pools::get`] returns.
    pub(super) fn read_with<T>(
        &self,
        pool: &Pool,
        connections: &Arc<Connections>,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        let mut pooled = self.get(pool, connections)?;
        let began = Instant::now();
        work(&mut pooled).map_err(|error| error::settle(error, &pooled, began.elapsed()))
    }

    fn all(&self) -> [&Pool; 4] {
        [&self.readers, &self.writers, &self.reserved, &self.exports]
    }

    /// Replaces connections of `pool` that hang. A server that does not answer one connection does
    /// not answer the others either, so those of the other pools are replaced too.
    pub(super) fn give_up(&self, pool: &Pool, connections: &Arc<Connections>) {
        if pool.give_up(connections) {
            for other in self.all().into_iter().filter(|other| !std::ptr::eq(*other, pool)) {
                other.give_up(&other.current());
            }
        }
    }

    fn check(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }

    /// Begins a transaction that writes.
    pub(super) fn begin_writing(&self, connection: &mut Connection) -> Result<()> {
        use diesel::connection::SimpleConnection as _;
        connection.batch_execute(connection.begin_writing())?;
        match &self.file {
            Some(file) => Ok(connection.batch_execute(&file.mark())?),
            None => Ok(()),
        }
    }

    /// Closes every connection to an SQLite file, so that the file is complete without its log.
    pub(super) fn close(&self) {
        let Some(file) = &self.file else { return };
        file.begin_closing();
        for pool in self.all() {
            pool.close();
        }
        self.count.wait(CLOSING);
        file.close();
    }
}

impl Drop for Pools {
    fn drop(&mut self) {
        self.close();
    }
}
