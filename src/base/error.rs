//! The one error of the program.
//!
//! Outcomes that are expected (a wrong password, a refused key) are enums of their feature, not
//! errors. The HTTP face of an error lives in `web/error_page.rs`; this module knows no actix and
//! no diesel.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something could not be done.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing.
    NotFound,
    /// The caller may not do this; the text says what is missing.
    Forbidden(String),
    /// The caller lacks this permission.
    PermissionMissing(&'static str),
    /// The thing has changed since the caller read it.
    Conflict,
    /// The input breaks rules; nothing was written.
    Invalid(Invalid),
    /// The same form was submitted before; it led to this path.
    AlreadySubmitted(String),
    /// Too many attempts came before this one.
    TooMany {
        /// After how many seconds to try again.
        seconds: u64,
        /// What to tell the person.
        message: String,
    },
    /// The database cannot be reached, is busy or takes nothing now; trying again later may work.
    Unavailable(String),
    /// The database did not confirm a change: it may have been made or not.
    Unconfirmed(String),
    /// The database gave an error of no kind. Only [`crate::db`] can say whether it passes, and does so
    /// before it hands the error out.
    Unclassified {
        /// What the database said.
        reason: String,
        /// Whether it named a place in the statement.
        names_place: bool,
    },
    /// A fault of the program or of its data; the text is for the log alone.
    Internal(String),
}

/// One rule that an input breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The form field's name; empty when the whole form is meant.
    pub field: &'static str,
    /// What is wrong, in the words of the interface.
    pub message: String,
}

/// The rules that an input breaks, in the order of the form's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// Adds what is wrong with `field`.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field, message: message.into() });
    }

    /// Keeps the value of `result`, or notes what is wrong with `field`.
    pub fn take<T>(&mut self, field: &'static str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(field, message)).ok()
    }

    /// The value of `checked`, if nothing was wrong before either; otherwise all that is wrong, what
    /// was found before first. So checks against the database do not wait for those of the fields.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn and<T>(mut self, checked: Result<T, Self>) -> Result<T> {
        match checked {
            Ok(value) if self.is_empty() => return Ok(value),
            Ok(_) => {}
            Err(more) => self.0.extend(more.0),
        }
        Err(Error::Invalid(self))
    }

    /// Whether no rule is broken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes what is wrong with `field`, and says whether anything was.
    pub fn remove(&mut self, field: &str) -> bool {
        let length = self.0.len();
        self.0.retain(|error| error.field != field);
        self.0.len() < length
    }

    /// All that is wrong with `field`.
    pub fn of(&self, field: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |error| error.field == field).map(|error| error.message.as_str())
    }

    /// Whether anything is wrong with `field`.
    pub fn has(&self, field: &str) -> bool {
        self.of(field).next().is_some()
    }
}

impl Error {
    /// One rule broken by `field`.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        let mut invalid = Invalid::default();
        invalid.add(field, message);
        Self::Invalid(invalid)
    }

    /// A fault, described for the log.
    pub fn internal(error: impl fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::PermissionMissing(permission) => {
                write!(f, "You need the permission {permission} to do this.")
            }
            Self::Conflict => f.write_str("changed by someone else"),
            Self::Invalid(invalid) => {
                let messages: Vec<_> = invalid.0.iter().map(|e| e.message.as_str()).collect();
                f.write_str(&messages.join("; "))
            }
            Self::AlreadySubmitted(_) => f.write_str("this form was submitted before"),
            Self::TooMany { message, .. } => f.write_str(message),
            Self::Unavailable(what) => write!(f, "the database cannot be used now: {what}"),
            Self::Unconfirmed(what) => {
                write!(
                    f,
                    "the database did not confirm the change, which may have been made: {what}"
                )
            }
            Self::Forbidden(what)
            | Self::Internal(what)
            | Self::Unclassified { reason: what, .. } => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}
