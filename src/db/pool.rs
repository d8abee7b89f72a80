//! Pools of connections: one writer and a few readers on SQLite, equals on PostgreSQL.
//!
//! libpq waits for an answer without end, and nothing can wake it. So connections that hang are
//! left to who waits for them, and a new pool takes the place of theirs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{self, ManageConnection, R2D2Connection as _};

use super::counted::{Count, Counted};
use super::{Connection, Location, error};
use crate::error::Result;

/// How long a request waits for a connection: a page answers 503 within a second.
const WAIT: Duration = Duration::from_millis(900);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 8;
/// A look-up takes less than a millisecond.
const SQLITE_RESERVED: u32 = 2;
const POSTGRES_RESERVED: u32 = 4;
/// So that a server that is slow is not taken for one that hangs; in milliseconds.
const READ_LIMITS: &str = "SET statement_timeout = 2000";
/// So that a node that is cut off in the middle of a transaction does not hold up the others'; in
/// milliseconds.
const WRITE_LIMITS: &str = "SET idle_in_transaction_session_timeout = 5000";

/// What the one who writes to SQLite keeps in memory, in kilobytes, and after how many pages it
/// copies them from the log to the file: counts go to the same pages again and again.
const SQLITE_WRITER: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000";

/// Connections, until they hang.
pub(super) struct Pool {
    manager: Manager,
    size: u32,
    current: RwLock<Arc<Connections>>,
}

/// Connections, with a place for each of those who use one off the async threads: so no more
/// threads are taken than there are connections, and who waits takes none.
pub(super) struct Connections {
    pool: r2d2::Pool<Manager>,
    places: Arc<Semaphore>,
}

impl Connections {
    fn of(pool: r2d2::Pool<Manager>) -> Arc<Self> {
        let places = pool.max_size().try_into().unwrap_or(1);
        Arc::new(Self { pool, places: Arc::new(Semaphore::new(places)) })
    }

    /// Whether there is not one connection.
    pub(super) fn are_none(&self) -> bool {
        self.pool.state().connections == 0
    }

    /// Waits for a place, for no longer than for a connection.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit> {
        match tokio::time::timeout(WAIT, self.places.clone().acquire_owned()).await {
            Ok(place) => place.map_err(error::unavailable),
            Err(_) => Err(error::unavailable("every connection is in use")),
        }
    }
}

pub(super) type Pooled = r2d2::PooledConnection<Manager>;

#[derive(Clone, Debug)]
pub(super) struct Manager {
    location: Location,
    read_only: bool,
    count: Arc<Count>,
}

impl ManageConnection for Manager {
    type Connection = Counted;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Counted, r2d2::Error> {
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

    fn is_valid(&self, connection: &mut Counted) -> Result<(), r2d2::Error> {
        match &mut **connection {
            // A file cannot hang up.
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(native) => {
                native.batch_execute("SELECT 1").map_err(r2d2::Error::QueryError)
            }
        }
    }

    fn has_broken(&self, connection: &mut Counted) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

impl Pool {
    pub(super) fn readers(location: &Location, count: &Arc<Count>) -> Result<Self> {
        let size = match location {
            Location::Sqlite(_) => SQLITE_READERS,
            Location::Postgres(_) => POSTGRES_CONNECTIONS,
        };
        Self::build(manager(location, true, count), size)
    }

    /// The readers that verification has for itself.
    pub(super) fn reserved(location: &Location, count: &Arc<Count>) -> Result<Self> {
        let size = match location {
            Location::Sqlite(_) => SQLITE_RESERVED,
            Location::Postgres(_) => POSTGRES_RESERVED,
        };
        Self::build(manager(location, true, count), size)
    }

    pub(super) fn writers(location: &Location, count: &Arc<Count>) -> Result<Self> {
        // Writes run one after another; a second one waits for the lock in the database anyway.
        Self::build(manager(location, false, count), 1)
    }

    /// One connection, which is made when it is first needed.
    pub(super) fn aside(location: &Location, count: &Arc<Count>) -> Self {
        let manager = manager(location, true, count);
        let none = builder(1).min_idle(Some(0)).build_unchecked(manager.clone());
        Self { manager, size: 1, current: RwLock::new(Connections::of(none)) }
    }

    fn build(manager: Manager, size: u32) -> Result<Self> {
        let first = builder(size).build(manager.clone()).map_err(error::unavailable)?;
        Ok(Self { manager, size, current: RwLock::new(Connections::of(first)) })
    }

    pub(super) fn current(&self) -> Arc<Connections> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A connection out of `connections`, which are or were the current ones.
    pub(super) fn get(&self, connections: &Connections) -> Result<Pooled> {
        connections.pool.get().map_err(error::unavailable)
    }

    /// Drops the connections that nobody uses; those in use are dropped when they are given back.
    pub(super) fn close(&self) {
        let none = builder(self.size).min_idle(Some(0)).build_unchecked(self.manager.clone());
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.places.close();
        *current = Connections::of(none);
    }

    /// Puts others in the place of connections that hang, unless somebody else has; whether it did.
    pub(super) fn give_up(&self, connections: &Arc<Connections>) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_current = Arc::ptr_eq(&current, connections);
        if is_current {
            let others = builder(self.size).build_unchecked(self.manager.clone());
            *current = Connections::of(others);
        }
        is_current
    }
}

fn manager(location: &Location, read_only: bool, count: &Arc<Count>) -> Manager {
    Manager { location: location.clone(), read_only, count: count.clone() }
}

fn builder(size: u32) -> r2d2::Builder<Manager> {
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(WAIT)
        .error_handler(Box::new(r2d2::LoggingErrorHandler))
}
