//! Carries every row of a database to another one: through a file for `backup` and `restore`,
//! directly for `copy`.
//!
//! No table has code of its own. The program's migrations say which tables and columns there are;
//! the database renders a row as JSON, and a row has the same text whichever database it comes
//! from. So a digest of a table's rows shows that all of them arrived.

mod backup;
mod catalog;
mod file;
mod insert;
mod read;
mod restore;
mod row;
mod target;
mod transfer;

pub(super) use backup::UnfinishedCopy;
pub use backup::{Written, backup};
pub use file::{About, BackupFile, Header};
pub use restore::restore;
pub use transfer::{Outcome, copy};

/// Tables whose rows describe running processes and mean nothing in another database.
const NOT_CARRIED: [&str; 2] = ["leases", "nodes"];
