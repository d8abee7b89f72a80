//! The copy of an SQLite file that is made before it is migrated: with it, the version before can be
//! started again.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use diesel::sql_types::Text;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};

use super::connection::uri;
use super::release::{self, VERSION};
use super::{Connection, error, generation, migrate};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::progress::Progress;

/// How many copies are kept, the newest ones.
const KEPT: usize = 2;
/// What the name of a copy has between the name of the database and the version.
const ENDING: &str = ".before-";

/// The name of the copy that this version makes of the SQLite file at `path`.
pub fn path_of_copy(path: &Path) -> PathBuf {
    files::with_ending(&files::resolved(path), &format!("{ENDING}{VERSION}"))
}

/// Copies the SQLite file at `path`, to which `connection` is open, and which has had the migrations
/// `applied`. Only one process may do so at a time.
pub(super) fn keep_copy(
    connection: &mut Connection,
    path: &Path,
    applied: &[String],
    progress: &mut dyn Progress,
) -> Result<()> {
    let copy = path_of_copy(path);
    // A copy with fewer migrations is of the time before this version began to migrate: it was
    // killed in between, and its next start must not replace what it copied. A copy with the same
    // migrations is older than the database, which was used with the version before since then. A
    // copy that cannot be read is of no use.
    if migrations_of(&copy).is_ok_and(|earlier| earlier.len() < applied.len()) {
        return Ok(());
    }
    progress.begin("Copying the database", 1);
    let partial = files::with_ending(&copy, ".partial");
    let written = write(connection, &partial)
        .and_then(|()| files::put_in_place(&partial, &copy).map_err(|error| error.to_string()));
    if let Err(reason) = written {
        let _ = fs::remove_file(&partial);
        return Err(Error::Internal(format!(
            "{} cannot be written, so the database was not migrated: {reason}: free some space, or \
             give --no-copy if you have a backup",
            copy.display()
        )));
    }
    progress.advance(1);
    tracing::info!("the database was copied to {} before it is migrated", copy.display());
    remove_old(path, &copy);
    Ok(())
}

fn write(connection: &mut Connection, partial: &Path) -> Result<(), String> {
    // Another start may have been killed.
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.to_string()),
        _ => {}
    }
    // SQLite writes into an empty file, which keeps its mode.
    files::create(partial).map_err(|error| error.to_string())?;
    let copied = sql_query("VACUUM INTO ?").bind::<Text, _>(partial.to_string_lossy());
    copied.execute(connection).map_err(|error| error.to_string())?;
    // The log of the database must not be applied to the copy.
    generation::renew_closed(partial).map_err(|error| error.to_string())
}

/// The migrations that the file at `path` has had. It must not be in use.
fn migrations_of(path: &Path) -> Result<Vec<String>> {
    let native = SqliteConnection::establish(&uri(path, "mode=ro&immutable=1"));
    migrate::applied(&mut Connection::Sqlite(native.map_err(error::unavailable)?))
}

/// Removes all copies of the file at `path` but the newest ones. `made` is the newest one, whatever
/// the clock says. A copy that cannot be removed does no harm.
fn remove_old(path: &Path, made: &Path) {
    let mut others = copies(&files::resolved(path));
    others.retain(|(_, copy)| copy != made);
    others.sort();
    others.reverse();
    for (_, old) in others.into_iter().skip(KEPT - 1) {
        let _ = fs::remove_file(old);
    }
}

/// The copies of the file at `path`, with the time when each was made.
fn copies(path: &Path) -> Vec<(SystemTime, PathBuf)> {
    let Some((folder, name)) = path.parent().zip(path.file_name()) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let of_entry = |entry: DirEntry| {
        let made_at = entry.metadata().and_then(|file| file.modified()).ok()?;
        is_copy(name, &entry.file_name()).then(|| (made_at, entry.path()))
    };
    entries.flatten().filter_map(of_entry).collect()
}

/// Whether `other` is the name of a copy of the file `name`, as this program makes them.
fn is_copy(name: &OsStr, other: &OsStr) -> bool {
    let (name, other) = (name.to_string_lossy(), other.to_string_lossy());
    let version = other.strip_prefix(&*name).and_then(|ending| ending.strip_prefix(ENDING));
    version.is_some_and(|version| {
        release::numbers(version).is_some() && !version.ends_with(".partial")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_with_a_version_count_as_copies() {
        let is_copy = |other: &str| is_copy(OsStr::new("latchkey.db"), OsStr::new(other));
        for name in ["latchkey.db.before-0.1.0", "latchkey.db.before-1.12.3-rc.1"] {
            assert!(is_copy(name), "{name}");
        }
        for name in [
            "latchkey.db",
            "latchkey.db.before-",
            "latchkey.db.before-monday",
            "latchkey.db.before-0.1.0.partial",
            "latchkey.db.before-0.1.0-rc.1.partial",
            "other.db.before-0.1.0",
        ] {
            assert!(!is_copy(name), "{name}");
        }
    }
}
