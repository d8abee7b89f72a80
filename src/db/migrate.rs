//! Brings the schema up to date with the migrations inside the program.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, Db, Location, compatibility, error};
use crate::base::error::{Error, Result};
use crate::base::files;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

#[derive(QueryableByName)]
struct TableExists {
    #[diesel(sql_type = Bool)]
    exists: bool,
}

impl Db {
    /// Whether there is a database with content at `location`; changes nothing. For PostgreSQL,
    /// where databases are created empty, `is_filled` is called if the table `table` exists.
    pub fn exists(
        location: &Location,
        table: &str,
        is_filled: impl FnOnce(&mut Connection) -> Result<bool>,
    ) -> Result<bool> {
        match location {
            Location::Sqlite(path) => Ok(path.metadata().is_ok_and(|file| file.len() > 0)),
            Location::Postgres(_) => {
                let mut connection = Connection::open(location).map_err(error::unavailable)?;
                let found = diesel::sql_query("SELECT to_regclass($1) IS NOT NULL AS exists");
                let TableExists { exists } =
                    found.bind::<Text, _>(table).get_result(&mut connection)?;
                Ok(exists && is_filled(&mut connection)?)
            }
        }
    }
}

/// Runs the pending migrations.
pub(super) fn run(location: &Location) -> Result<()> {
    let mut connection = Connection::open(location).map_err(error::unavailable)?;
    match &mut connection {
        Connection::Sqlite(native) => pending(native, SQLITE),
        Connection::Postgres(native) => {
            compatibility::check(native)?;
            native.batch_execute("SET lock_timeout = 0; SELECT pg_advisory_lock(444354162)")?;
            let outcome = pending(native, POSTGRES);
            native.batch_execute("SELECT pg_advisory_unlock(444354162)")?;
            outcome
        }
    }
}

fn pending<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    ours: EmbeddedMigrations,
) -> Result<()>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known: BTreeSet<String> = MigrationSource::<DB>::migrations(&ours)
        .map_err(Error::internal)?
        .iter()
        .map(|migration| migration.name().version().as_owned().to_string())
        .collect();
    let applied = connection.applied_migrations().map_err(Error::internal)?;
    if applied.iter().any(|version| !known.contains(&version.to_string())) {
        return Err(Error::Internal(
            "the database was made by a newer version of Latchkey: start that version, or restore a backup".into(),
        ));
    }
    connection.run_pending_migrations(ours).map_err(Error::internal)?;
    Ok(())
}

/// Creates the database file, which SQLite would create with the mode that the umask leaves; its
/// other files get the mode of this one. An existing file is not opened: closing it would release
/// the process's locks.
pub(super) fn create_file(location: &Location) -> Result<()> {
    match location {
        Location::Sqlite(path) if !path.exists() => {
            files::open_or_create(path).map(drop).map_err(|error| cannot_be_written(path, &error))
        }
        _ => Ok(()),
    }
}

/// Several processes may start at once: one opens and migrates, the others wait. SQLite has no
/// advisory locks, so a file next to the database is used; the lock is released when it is dropped.
pub(super) fn lock_file(location: &Location) -> Result<Option<File>> {
    let Location::Sqlite(path) = location else { return Ok(None) };
    let path = path.with_extension("lock");
    files::open_or_create(&path)
        .and_then(|file| file.lock().map(|()| Some(file)))
        .map_err(|error| cannot_be_written(&path, &error))
}

fn cannot_be_written(path: &Path, error: &io::Error) -> Error {
    Error::Internal(format!("{} cannot be written: {error}", path.display()))
}
