//! Brings the schema up to date with the migrations inside the program.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use diesel::Connection as _;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, Db, Location, before_migrating, compatibility, error, release};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::progress::{Progress, Unwatched};

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

/// An empty SQLite database in memory that has had only `migrations`.
pub(super) fn in_memory(migrations: &[String]) -> Result<Connection> {
    let native = SqliteConnection::establish(":memory:").map_err(error::unavailable)?;
    let mut connection = Connection::Sqlite(native);
    run_exactly(&mut connection, migrations)?;
    Ok(connection)
}

/// The versions of the migrations that the database has had, in their order. Writes nothing.
pub(super) fn applied(connection: &mut Connection) -> Result<Vec<String>> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Text)]
        version: String,
    }
    if !has_table(connection, "__diesel_schema_migrations")? {
        return Ok(Vec::new());
    }
    let sql = "SELECT CAST(version AS TEXT) AS version FROM __diesel_schema_migrations";
    let rows: Vec<Version> = diesel::sql_query(sql).load(connection)?;
    let sorted: BTreeSet<String> = rows.into_iter().map(|row| row.version).collect();
    Ok(sorted.into_iter().collect())
}

/// Whether the database has a table of this name. Writes nothing.
pub(super) fn has_table(connection: &mut Connection, name: &str) -> Result<bool> {
    let exists = diesel::sql_query(match connection {
        Connection::Postgres(_) => "SELECT to_regclass($1) IS NOT NULL AS exists",
        Connection::Sqlite(_) => {
            "SELECT COUNT(*) > 0 AS \"exists\" FROM sqlite_schema WHERE name = $1"
        }
    });
    let TableExists { exists } = exists.bind::<Text, _>(name).get_result(connection)?;
    Ok(exists)
}

/// Returns an error if one of `migrations`, which the database has had, is unknown.
pub(super) fn check_known(connection: &mut Connection, migrations: &[String]) -> Result<()> {
    if are_known(migrations)? { Ok(()) } else { Err(release::is_newer(connection)) }
}

/// Whether none of `migrations` was made by a newer version.
pub(super) fn are_known(migrations: &[String]) -> Result<bool> {
    let known = known()?;
    Ok(migrations.iter().all(|version| known.contains(version)))
}

/// Brings an empty database to the state after `migrations`.
pub(super) fn run_exactly(connection: &mut Connection, migrations: &[String]) -> Result<()> {
    match connection {
        Connection::Sqlite(native) => run_some(native, &SQLITE, migrations),
        Connection::Postgres(native) => run_some(native, &POSTGRES, migrations),
    }
}

/// Runs the migrations that the database has not had.
pub(super) fn run_rest(connection: &mut Connection) -> Result<()> {
    bring_up_to_date(connection, &mut Unwatched)
}

fn run_some<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    ours: &EmbeddedMigrations,
    migrations: &[String],
) -> Result<()>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    // Creates the table that lists them.
    connection.applied_migrations().map_err(Error::internal)?;
    for migration in of_program(ours)? {
        if migrations.contains(&migration.name().version().to_string()) {
            connection.run_migration(&*migration).map_err(Error::internal)?;
        }
    }
    Ok(())
}

/// The migrations inside the program, in their order.
fn of_program<DB: Backend>(ours: &EmbeddedMigrations) -> Result<Vec<Box<dyn Migration<DB>>>>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let mut all = MigrationSource::<DB>::migrations(ours).map_err(Error::internal)?;
    all.sort_by_key(|migration| migration.name().version().as_owned());
    Ok(all)
}

/// Both databases have the same migrations.
fn known() -> Result<BTreeSet<String>> {
    let all = of_program::<Sqlite>(&SQLITE)?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Checks that Latchkey can use the PostgreSQL database, and lets nobody else migrate it until the
/// transaction ends.
pub(super) fn lock_postgres(connection: &mut Connection) -> Result<()> {
    let Connection::Postgres(native) = connection else { return Ok(()) };
    compatibility::check(native)?;
    native.batch_execute("SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(444354162)")?;
    Ok(())
}

/// Runs the pending migrations, and first copies an SQLite file if `keeps_copy` says so.
pub(super) fn run(
    location: &Location,
    keeps_copy: bool,
    progress: &mut dyn Progress,
) -> Result<()> {
    let mut connection = Connection::open(location).map_err(error::unavailable)?;
    match location {
        Location::Sqlite(path) => {
            let state = State::of(&mut connection)?;
            if keeps_copy && state.is_behind() && !state.applied.is_empty() {
                before_migrating::keep_copy(&mut connection, path, &state.applied, progress)?;
            }
            bring_up_to_date(&mut connection, progress)
        }
        Location::Postgres(_) => {
            if let Connection::Postgres(native) = &mut connection {
                compatibility::check(native)?;
            }
            connection.batch_execute("SET lock_timeout = 0; SELECT pg_advisory_lock(444354162)")?;
            let outcome = bring_up_to_date(&mut connection, progress);
            connection.batch_execute("SELECT pg_advisory_unlock(444354162)")?;
            outcome
        }
    }
}

/// Which migrations a database has had, compared with those of the program.
pub(super) struct State {
    pub applied: Vec<String>,
    /// How many of the program's migrations it has not had.
    pub waiting: usize,
    /// Whether it has had migrations of a newer version, which this one can use it with.
    pub is_newer: bool,
}

impl State {
    /// Writes nothing.
    ///
    /// # Errors
    /// [`Error::Internal`] if a newer version made the database, and this one cannot use it.
    pub(super) fn of(connection: &mut Connection) -> Result<Self> {
        let (applied, known) = (applied(connection)?, known()?);
        let is_newer = !applied.iter().all(|version| known.contains(version));
        let waiting = known.iter().filter(|version| !applied.contains(version)).count();
        // Migrations are never run out of order.
        if is_newer && (waiting > 0 || !release::is_usable(connection)?) {
            return Err(release::is_newer(connection));
        }
        Ok(Self { applied, waiting, is_newer })
    }

    fn is_behind(&self) -> bool {
        self.waiting > 0
    }
}

fn bring_up_to_date(connection: &mut Connection, progress: &mut dyn Progress) -> Result<()> {
    let state = State::of(connection)?;
    if state.is_newer {
        return Ok(());
    }
    if state.is_behind() {
        // Recorded first: if this process is killed, older versions still learn who began.
        release::record(connection)?;
        match connection {
            Connection::Sqlite(native) => pending(native, SQLITE, progress)?,
            Connection::Postgres(native) => pending(native, POSTGRES, progress)?,
        }
    }
    match release::last(connection)? {
        // The table for it is new.
        None => release::record(connection),
        Some(_) => Ok(()),
    }
}

fn pending<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    ours: EmbeddedMigrations,
    progress: &mut dyn Progress,
) -> Result<()>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let waiting = connection.pending_migrations(ours).map_err(Error::internal)?;
    progress.begin("Migrating", u64::try_from(waiting.len()).unwrap_or_default());
    for migration in waiting {
        connection.run_migration(&*migration).map_err(Error::internal)?;
        progress.advance(1);
    }
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
