//! Classifies errors of the database: temporary, or a fault of the program.
//!
//! PostgreSQL writes its messages in the server's language, so their words are not used. diesel
//! turns the most important SQLSTATEs into kinds and does not expose the others. An error that
//! remains is either about the text of a statement, and then names a position in it, or about the
//! server: a full disk, a lack of memory, a time limit, a cancelled or ended session. Only the
//! former is the program's fault.

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::Connection;
use super::connection::LOCK_WAIT;
use crate::base::error::Error;

/// SQLite's messages for temporary errors, as in `sqlite3_errstr`, which has only one language.
/// diesel does not expose the result codes.
const SQLITE_TEMPORARY: [&str; 9] = [
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "out of memory",
    "interrupted",
    "locking protocol",
];

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let reason = error.to_string();
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::BrokenTransactionManager
            | DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction
                | DatabaseErrorKind::SerializationFailure,
                _,
            ) => Self::Unavailable(reason),
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, information) => {
                let names_place = information.statement_position().is_some();
                Self::Unclassified { reason, names_place }
            }
            _ => Self::Internal(reason),
        }
    }
}

/// Classifies an unclassified error on `connection` after `elapsed`.
pub(super) fn settle(error: Error, connection: &Connection, elapsed: Duration) -> Error {
    let Error::Unclassified { reason, names_place } = error else { return error };
    let passes = match connection {
        Connection::Sqlite(_) => SQLITE_TEMPORARY.iter().any(|words| reason.starts_with(words)),
        // A timeout while waiting for a table's lock also names a position in the statement.
        Connection::Postgres(_) => !names_place || elapsed >= LOCK_WAIT,
    };
    if passes { Error::Unavailable(reason) } else { Error::Internal(reason) }
}

pub(super) fn unavailable(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}
