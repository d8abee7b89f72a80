//! Pools of connections: one writer and a few readers on SQLite, equal connections on PostgreSQL.
//!
//! libpq waits for an answer without a limit, and nothing can interrupt it. So connections that
//! hang are left to the threads that wait for them, and a new pool replaces theirs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{self, ManageConnection, R2D2Connection as _};

use super::attempts::Attempts;
use super::counted::{Count, CountedConnection};
use super::{Connection, Location, error};
use crate::base::error::Result;

/// How long a request waits for a connection: a page answers 503 within a second.
const WAIT: Duration = Duration::from_millis(900);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 8;
/// A lookup takes less than a millisecond.
const SQLITE_RESERVED: u32 = 2;
const POSTGRES_RESERVED: u32 = 4;
/// Keeps a slow server from being mistaken for one that hangs; in milliseconds.
const READ_LIMITS: &str = "SET statement_timeout = 2000";
/// Keeps a node that is disconnected in the middle of a transaction from blocking the other nodes;
/// in milliseconds.
const WRITE_LIMITS: &str = "SET idle_in_transaction_session_timeout = 5000";

/// The size of the SQLite writer's cache, in kilobytes, and the number of pages after which it
/// copies them from the log to the file: counts change the same pages again and again.
const SQLITE_WRITER: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000";

/// A pool whose connections are replaced when they hang.
pub(super) struct Pool {
    location: Location,
    read_only: bool,
    size: u32,
    count: Arc<Count>,
    current: RwLock<Arc<Connections>>,
}

/// Connections that are made, used and given up together, with a place for each caller that uses
/// one off the async threads: so there are never more threads than connections, and a waiting
/// caller uses no thread.
pub(super) struct Connections {
    pool: r2d2::Pool<Manager>,
    places: Arc<Semaphore>,
    attempts: Arc<Attempts>,
}

pub(super) type PooledConnection = r2d2::PooledConnection<Manager>;

#[derive(Clone, Debug)]
pub(super) struct Manager {
    location: Location,
    read_only: bool,
    count: Arc<Count>,
    attempts: Arc<Attempts>,
}

impl ManageConnection for Manager {
    type Connection = CountedConnection;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<CountedConnection, r2d2::Error> {
        let _attempt = self.attempts.begin();
        let opened = self.count.open(|| Connection::open(&self.location));
        let mut connection = opened.map_err(r2d2::Error::ConnectionError)?;
        let limits = match (&*connection, self.read_only) {
            (Connection::Sqlite(_), true) => "PRAGMA query_only = ON",
            (Connection::Sqlite(_), false) => SQLITE_WRITER,
            (Connection::Postgres(_), true) => READ_LIMITS,
            (Connection::Postgres(_), false) => WRITE_LIMITS,
        };
        connection.batch_execute(limits).map_err(r2d2::Error::QueryError)?;
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut CountedConnection) -> Result<(), r2d2::Error> {
        match &mut **connection {
            // A file cannot disconnect.
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(native) => {
                native.batch_execute("SELECT 1").map_err(r2d2::Error::QueryError)
            }
        }
    }

    fn has_broken(&self, connection: &mut CountedConnection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

impl Connections {
    /// Does not wait for a connection.
    fn new(manager: Manager, size: u32, idle: u32) -> Arc<Self> {
        let attempts = manager.attempts.clone();
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(idle))
            .connection_timeout(WAIT)
            .error_handler(Box::new(r2d2::LoggingErrorHandler))
            .build_unchecked(manager);
        let places = Arc::new(Semaphore::new(size.try_into().unwrap_or(1)));
        Arc::new(Self { pool, places, attempts })
    }

    /// Whether the pool has no connection because the one being made hangs, so that no other would
    /// be made. A slow connection is awaited: it may serve the next request.
    pub(super) fn is_hanging(&self) -> bool {
        self.pool.state().connections == 0 && self.attempts.is_hanging()
    }

    pub(super) fn get(&self) -> Result<PooledConnection> {
        self.pool.get().map_err(error::unavailable)
    }

    /// Waits for a place, at most as long as for a connection.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit> {
        match tokio::time::timeout(WAIT, self.places.clone().acquire_owned()).await {
            Ok(place) => place.map_err(error::unavailable),
            Err(_) => Err(error::unavailable("every connection is in use")),
        }
    }
}

impl Pool {
    pub(super) fn readers(location: &Location, count: &Arc<Count>) -> Self {
        let size = match location {
            Location::Sqlite(_) => SQLITE_READERS,
            Location::Postgres(_) => POSTGRES_CONNECTIONS,
        };
        Self::new(location, count, size, true, 1)
    }

    /// The readers that are reserved for verification.
    pub(super) fn reserved(location: &Location, count: &Arc<Count>) -> Self {
        let size = match location {
            Location::Sqlite(_) => SQLITE_RESERVED,
            Location::Postgres(_) => POSTGRES_RESERVED,
        };
        Self::new(location, count, size, true, 1)
    }

    pub(super) fn writers(location: &Location, count: &Arc<Count>) -> Self {
        // Writes run one after another; a second writer would wait for the lock in the database
        // anyway.
        Self::new(location, count, 1, false, 1)
    }

    /// One connection, which is made when it is first needed.
    pub(super) fn exports(location: &Location, count: &Arc<Count>) -> Self {
        Self::new(location, count, 1, true, 0)
    }

    fn new(location: &Location, count: &Arc<Count>, size: u32, read_only: bool, idle: u32) -> Self {
        let first = Connections::new(manager(location, read_only, count), size, idle);
        let (location, count) = (location.clone(), count.clone());
        Self { location, read_only, size, count, current: RwLock::new(first) }
    }

    /// Waits for the first connection, as long as connecting may take.
    pub(super) fn wait(&self) -> Result<()> {
        let connections = self.current();
        let limit = connections.attempts.limit().max(WAIT);
        connections.pool.get_timeout(limit).map(drop).map_err(error::unavailable)
    }

    pub(super) fn current(&self) -> Arc<Connections> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Drops unused connections; the others are dropped when they are returned.
    pub(super) fn close(&self) {
        let none = self.replacement(0);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.places.close();
        *current = none;
    }

    /// Replaces connections that hang, unless that has already happened; returns whether it did.
    pub(super) fn give_up(&self, connections: &Arc<Connections>) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_current = Arc::ptr_eq(&current, connections);
        if is_current {
            *current = self.replacement(1);
        }
        is_current
    }

    fn replacement(&self, idle: u32) -> Arc<Connections> {
        Connections::new(manager(&self.location, self.read_only, &self.count), self.size, idle)
    }
}

fn manager(location: &Location, read_only: bool, count: &Arc<Count>) -> Manager {
    let attempts = Arc::new(Attempts::at(location));
    Manager { location: location.clone(), read_only, count: count.clone(), attempts }
}
