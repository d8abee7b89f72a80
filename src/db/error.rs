//! What a database's error means to the program: try again later, or a fault.
//!
//! PostgreSQL writes its messages in the language of the server, so none of its words are looked at.
//! diesel turns the SQLSTATEs that matter most into kinds and passes no others on. What is left over
//! says something of a statement's text, and then where in it, or else of the server: a full disk, a
//! lack of memory, a time limit, a cancelled or ended session. Only the former is the program's fault.

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::Connection;
use super::connection::LOCK_WAIT;
use crate::base::error::Error;

/// What SQLite says when it cannot do something now, in the words of `sqlite3_errstr`, which has one
/// language only. diesel does not pass the result codes on.
const SQLITE_PASSING: [&str; 9] = [
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

/// Decides what an unclassified error means that came over `connection` after `elapsed`.
pub(super) fn settle(error: Error, connection: &Connection, elapsed: Duration) -> Error {
    let Error::Unclassified { reason, names_place } = error else { return error };
    let passes = match connection {
        Connection::Sqlite(_) => SQLITE_PASSING.iter().any(|words| reason.starts_with(words)),
        // Who waits for a table's lock for too long is also told where its name stands.
        Connection::Postgres(_) => !names_place || elapsed >= LOCK_WAIT,
    };
    if passes { Error::Unavailable(reason) } else { Error::Internal(reason) }
}

pub(super) fn unavailable(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}
