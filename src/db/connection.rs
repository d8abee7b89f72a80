//! A connection to either database, and a transaction on it.
//!
//! Knows the pragmas and session settings that each database needs; knows no table.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, ConnectionError, PgConnection, SqliteConnection};

use super::{Location, postgres_url};
use crate::base::error::Result;

/// A connection to PostgreSQL or SQLite; queries are written once for both.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// A connection inside a transaction that [`super::Db::write`] commits or rolls back. What writes
/// asks for one, so that nothing is written outside.
pub struct Transaction<'a> {
    connection: &'a mut AnyConnection,
    /// What is to be heard of once it is committed, with its number.
    pub(super) announced: Vec<(i64, String)>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a mut AnyConnection) -> Self {
        Self { connection, announced: Vec::new() }
    }

    /// Does what the transaction can do without: when `work` fails, only its own changes are undone,
    /// and the transaction goes on.
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let announced = self.announced.len();
        self.batch_execute("SAVEPOINT attempt")?;
        let result = work(self);
        if result.is_err() {
            self.announced.truncate(announced);
            self.batch_execute("ROLLBACK TO SAVEPOINT attempt")?;
        }
        self.batch_execute("RELEASE SAVEPOINT attempt")?;
        result
    }
}

impl Deref for Transaction<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        self.connection
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.connection
    }
}

/// Runs the same diesel expression natively on whichever database is connected: for batch inserts
/// and other things that a connection to either cannot express.
macro_rules! on_each {
    ($connection:expr, $native:ident => $work:expr) => {
        match $connection {
            $crate::db::Connection::Postgres($native) => $work,
            $crate::db::Connection::Sqlite($native) => $work,
        }
    };
}
pub(crate) use on_each;

/// How long a connection waits for a lock before it gives up. Below a second, so that a page answers
/// 503 within one.
pub(super) const LOCK_WAIT: Duration = Duration::from_millis(800);

/// The file at `path` as a URI for SQLite, with a setting for opening it.
pub(super) fn uri(path: &Path, setting: &str) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let escaped = absolute.to_string_lossy().replace('%', "%25");
    format!("file://{}?{setting}", escaped.replace('?', "%3F").replace('#', "%23"))
}

impl AnyConnection {
    pub(super) fn open(location: &Location) -> Result<Self, ConnectionError> {
        match location {
            Location::Postgres(url) => {
                let mut connection = PgConnection::establish(&postgres_url::with_defaults(url))?;
                connection
                    .batch_execute(&format!(
                        "SET lock_timeout = {}; SET client_min_messages = warning",
                        LOCK_WAIT.as_millis()
                    ))
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Self::Postgres(connection))
            }
            Location::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(&uri(path, "mode=rw"))?;
                connection
                    .batch_execute(&format!(
                        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; \
                         PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                         PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY",
                        LOCK_WAIT.as_millis()
                    ))
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Self::Sqlite(connection))
            }
        }
    }

    /// What begins a transaction that writes.
    pub(super) fn begin_writing(&self) -> &'static str {
        match self {
            // The lock puts writes in order over all nodes; its number means nothing.
            Self::Postgres(_) => "BEGIN; SELECT pg_advisory_xact_lock(444354161)",
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
        }
    }

    /// What commits a transaction.
    pub(super) fn commit(&self) -> &'static str {
        match self {
            // PostgreSQL answers the COMMIT of a transaction in which a statement failed with a
            // rollback and no error; the statement before it does fail then.
            Self::Postgres(_) => "SELECT 1; COMMIT",
            Self::Sqlite(_) => "COMMIT",
        }
    }
}
