//! What a database's error means to the program: try again later, or a fault.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::error::Error;

/// Words in a database's message that say "not now" rather than "never": SQLite's busy and full
/// disk, and PostgreSQL's timeouts, whose SQLSTATE diesel does not pass on. A lost connection has a
/// kind of its own.
const PASSING: [&str; 8] = [
    "database is locked",
    "database table is locked",
    "disk is full",
    "disk I/O error",
    "unable to open database file",
    "readonly database",
    "canceling statement due to lock timeout",
    "canceling statement due to statement timeout",
];

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let message = error.to_string();
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::BrokenTransactionManager
            | DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure,
                _,
            ) => Self::Unavailable(message),
            _ if PASSING.iter().any(|words| message.contains(words)) => Self::Unavailable(message),
            _ => Self::Internal(message),
        }
    }
}

pub(super) fn unavailable(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}
