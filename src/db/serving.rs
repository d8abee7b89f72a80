//! A lock on an SQLite file: shared by every process that uses the file, exclusive for `restore`
//! and `copy`, which must be alone with it.
//!
//! It is held on a file next to the database until the process ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::Location;
use crate::base::error::{Error, Result};
use crate::base::files;

/// Locks the file at `location` for use.
pub(super) fn shared(location: &Location) -> Result<Option<File>> {
    let Location::Sqlite(path) = location else { return Ok(None) };
    lock(path, File::try_lock_shared, || {
        Error::Internal(format!(
            "latchkey restore or latchkey copy works on {}: wait until it has ended",
            path.display()
        ))
    })
    .map(Some)
}

/// Locks the file at `path` for one process.
pub(super) fn exclusive(path: &Path) -> Result<File> {
    lock(path, File::try_lock, || {
        Error::Internal(format!("Latchkey is using {}: stop it first", path.display()))
    })
}

fn lock(
    path: &Path,
    lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    in_use: impl FnOnce() -> Error,
) -> Result<File> {
    let beside = path.with_extension("serving");
    let failed = |error: io::Error| {
        Error::Internal(format!("{} cannot be written: {error}", beside.display()))
    };
    let file = files::open_or_create(&beside).map_err(failed)?;
    match lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(in_use()),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
