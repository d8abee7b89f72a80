//! A connection to either database, and a transaction on it.
//!
//! Contains the pragmas and session settings that each database needs; does not depend on any
//! table.

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

/// A connection inside a transaction that [`super::Db::write`] commits or rolls back. Functions
/// that write take this type, so that nothing is written outside a transaction.
pub struct Transaction<'a> {
    connection: &'a mut AnyConnection,
    /// What subscribers will be notified of after the commit, with its number.
    pub(super) announced: Vec<(i64, String)>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a mut AnyConnection) -> Self {
        Self { connection, announced: Vec::new() }
    }

    /// Runs work that the transaction can do without: if `work` fails, only its own changes are
    /// undone, and the transaction continues.
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

/// Runs the same diesel expression on the native connection of either database: for batch inserts
/// and other statements that the combined connection cannot express.
macro_rules! on_each {
    ($connection:expr, $native:ident => $work:expr) => {
        match $connection {
            $crate::db::Connection::Postgres($native) => $work,
            $crate::db::Connection::Sqlite($native) => $work,
        }
    };
}
pub(crate) use on_each;

/// How long a connection waits for a lock. Less than a second, so that a page answers 503 within a
/// second.
pub(super) const LOCK_WAIT: Duration = Duration::from_millis(800);

/// The SQLite URI of the file at `path`, with a setting for opening it.
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

    /// The SQL that begins a transaction that writes.
    pub(super) fn begin_writing(&self) -> &'static str {
        match self {
            // The lock orders writes across all nodes; its number has no meaning.
            Self::Postgres(_) => "BEGIN; SELECT pg_advisory_xact_lock(444354161)",
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
        }
    }

    /// The SQL that commits a transaction.
    pub(super) fn commit(&self) -> &'static str {
        match self {
            // PostgreSQL answers the COMMIT of a transaction with a failed statement with a
            // rollback and without an error; the statement before the COMMIT fails in that case.
            Self::Postgres(_) => "SELECT 1; COMMIT",
            Self::Sqlite(_) => "COMMIT",
        }
    }
}
