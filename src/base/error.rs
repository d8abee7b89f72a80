//! The program's only error type.
//!
//! Expected outcomes (a wrong password, a denied key) are enums of their feature, not errors.
//! `web/error_page.rs` turns an error into an HTTP response; this module does not depend on actix
//! or diesel.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why an operation failed.
#[derive(Debug)]
pub enum Error {
    /// The item does not exist.
    NotFound,
    /// The caller may not do this; the text says what is missing.
    Forbidden(String),
    /// The caller lacks this permission; the message says what it is needed for.
    PermissionMissing { permission: &'static str, message: String },
    /// The item has changed since the caller read it.
    Conflict,
    /// The input breaks rules; nothing was written.
    Invalid(Invalid),
    /// The same form was submitted before, and the submission led to this path.
    AlreadySubmitted(String),
    /// Too many attempts were made before this one.
    TooMany {
        /// The number of seconds to wait before another attempt.
        seconds: u64,
        /// The message to show.
        message: String,
    },
    /// The database cannot be reached, is busy or accepts no writes now; a later attempt may work.
    Unavailable(String),
    /// The database did not confirm a change: it may or may not have been made.
    Unconfirmed(String),
    /// The database returned an error that is not classified. Only [`crate::db`] can tell whether
    /// it is temporary, and does so before it returns the error.
    Unclassified {
        /// The database's message.
        reason: String,
        /// Whether the message named a position in the statement.
        names_place: bool,
    },
    /// A fault of the program or of its data; the text is only for the log.
    Internal(String),
}

/// One rule that an input breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The form field's name; empty when the error concerns the whole form.
    pub field: &'static str,
    /// What is wrong, as shown on the screen.
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

    /// Returns the value of `result`, or records what is wrong with `field`.
    pub fn collect<T>(&mut self, field: &'static str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(field, message)).ok()
    }

    /// The value, or its errors, each added to `field`.
    pub fn collect_all<T>(
        &mut self,
        field: &'static str,
        result: Result<T, Vec<String>>,
    ) -> Option<T> {
        let add_all = |messages| {
            for message in messages {
                self.add(field, message);
            }
        };
        result.map_err(add_all).ok()
    }

    /// The value of `checked`, if there are no earlier errors; otherwise all errors, the earlier
    /// ones first. This way, checks against the database are reported together with those of the
    /// fields.
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

    /// Whether the input breaks no rule.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes the errors of `field`, and returns whether there were any.
    pub fn remove(&mut self, field: &str) -> bool {
        let length = self.0.len();
        self.0.retain(|error| error.field != field);
        self.0.len() < length
    }

    /// The errors of `field`.
    pub fn messages(&self, field: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |error| error.field == field).map(|error| error.message.as_str())
    }

    /// Whether `field` has an error.
    pub fn has(&self, field: &str) -> bool {
        self.messages(field).next().is_some()
    }
}

impl Error {
    /// The same error, whose messages say which of several things they are about.
    #[must_use]
    pub fn about(self, name: &str) -> Self {
        let Self::Invalid(Invalid(errors)) = self else { return self };
        let named = errors
            .into_iter()
            .map(|error| FieldError {
                message: format!("“{name}”: {}", error.message), ..error
            });
        Self::Invalid(Invalid(named.collect()))
    }

    /// An error for one rule that `field` breaks.
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
            Self::Conflict => f.write_str("changed by someone else"),
            Self::Invalid(invalid) => {
                let messages: Vec<_> = invalid.0.iter().map(|e| e.message.as_str()).collect();
                f.write_str(&messages.join("; "))
            }
            Self::AlreadySubmitted(_) => f.write_str("this form was submitted before"),
            Self::TooMany { message, .. } | Self::PermissionMissing { message, .. } => {
                f.write_str(message)
            }
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
