//! Pools of connections: one writer and a few readers on SQLite, equals on PostgreSQL.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{self, ManageConnection, R2D2Connection as _};

use super::{Connection, Location, error};
use crate::error::Result;

pub(super) type Pool = r2d2::Pool<Manager>;

/// How long a request waits for a connection: a page answers 503 within a second.
const WAIT: Duration = Duration::from_millis(900);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 8;

/// What the one who writes to SQLite keeps in memory, in kilobytes, and after how many pages it
/// copies them from the log to the file: counts go to the same pages again and again.
const WRITER: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000";

#[derive(Debug)]
pub(super) struct Manager {
    location: Location,
    read_only: bool,
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Connection, r2d2::Error> {
        let mut connection =
            Connection::open(&self.location).map_err(r2d2::Error::ConnectionError)?;
        if matches!(self.location, Location::Sqlite(_)) {
            let pragma = if self.read_only { "PRAGMA query_only = ON" } else { WRITER };
            connection.batch_execute(pragma).map_err(r2d2::Error::QueryError)?;
        }
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut Connection) -> Result<(), r2d2::Error> {
        match connection {
            // A file cannot hang up.
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(native) => {
                native.batch_execute("SELECT 1").map_err(r2d2::Error::QueryError)
            }
        }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

pub(super) fn readers(location: &Location) -> Result<Pool> {
    let size = match location {
        Location::Sqlite(_) => SQLITE_READERS,
        Location::Postgres(_) => POSTGRES_CONNECTIONS,
    };
    build(location, size, true)
}

pub(super) fn writers(location: &Location) -> Result<Pool> {
    // Writes run one after another; a second one waits for the lock in the database anyway.
    build(location, 1, false)
}

fn build(location: &Location, size: u32, read_only: bool) -> Result<Pool> {
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(WAIT)
        .error_handler(Box::new(r2d2::LoggingErrorHandler))
        .build(Manager { location: location.clone(), read_only })
        .map_err(error::unavailable)
}
