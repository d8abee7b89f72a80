//! Restores a backup into a database that does not exist or is empty. Either all of it is there
//! afterwards, or nothing.

use std::fs;
use std::io;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use super::catalog::{self, Table};
use super::file::{BackupFile, Header, Part};
use super::insert::Batch;
use super::{read, row, target};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::progress::Progress;
use crate::db::connection::uri;
use crate::db::{Connection, Location, Transaction, error, generation, migrate, serving};

/// Nobody else uses the file before it has its name, so no journal on the disk is needed.
const FAST: &str = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; \
    PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY";

/// Restores `backup` into the database at `location`. `finish` runs on the restored data before it
/// is kept.
pub fn restore(
    backup: &BackupFile,
    location: &Location,
    finish: impl FnOnce(&mut Transaction<'_>, &Header) -> Result<()>,
    progress: &mut dyn Progress,
) -> Result<()> {
    if !migrate::are_known(&backup.header.migrations)? {
        return Err(backup.newer());
    }
    match location {
        Location::Sqlite(path) => into_file(backup, path, finish, progress),
        Location::Postgres(_) => {
            let mut connection = Connection::open(location).map_err(error::unavailable)?;
            connection.transaction(|connection| {
                begin_filling(connection)?;
                fill(backup, connection, finish, progress)
            })
        }
    }
}

/// Keeps other processes from migrating the database, and checks that it is empty.
fn begin_filling(connection: &mut Connection) -> Result<()> {
    migrate::lock_postgres(connection)?;
    if catalog::is_empty(connection)? { Ok(()) } else { Err(not_empty()) }
}

pub(super) fn not_empty() -> Error {
    Error::Internal(
        "the database is not empty: make a new one with CREATE DATABASE and give its URL".into(),
    )
}

fn into_file(
    backup: &BackupFile,
    path: &Path,
    finish: impl FnOnce(&mut Transaction<'_>, &Header) -> Result<()>,
    progress: &mut dyn Progress,
) -> Result<()> {
    let _lock = serving::exclusive(path)?;
    for file in ["", "-wal", "-shm", "-journal"].map(|ending| files::with_ending(path, ending)) {
        if file.metadata().is_ok_and(|metadata| metadata.len() > 0) || file.is_dir() {
            return Err(Error::Internal(format!(
                "{} exists, and a backup is only restored where no data is: move it away, or name \
                 another folder with --data-dir",
                file.display()
            )));
        }
    }
    let partial = files::with_ending(path, ".restoring");
    let named = |error: io::Error| {
        Error::Internal(format!("{} cannot be written: {error}", partial.display()))
    };
    // Another restore may have been killed.
    let _ = fs::remove_file(&partial);
    files::create(&partial).map_err(named)?;
    let restored = write_file(backup, &partial, finish, progress)
        .and_then(|()| files::put_in_place(&partial, path).map_err(named));
    if restored.is_err() {
        let _ = fs::remove_file(&partial);
    }
    restored
}

fn write_file(
    backup: &BackupFile,
    partial: &Path,
    finish: impl FnOnce(&mut Transaction<'_>, &Header) -> Result<()>,
    progress: &mut dyn Progress,
) -> Result<()> {
    let native = SqliteConnection::establish(&uri(partial, "mode=rw"));
    let mut connection = Connection::Sqlite(native.map_err(error::unavailable)?);
    connection.batch_execute(FAST)?;
    connection
        .transaction(|connection| fill(backup, connection, finish, progress))
        .map_err(|error| error::settle(error, &connection, std::time::Duration::ZERO))?;
    drop(connection);
    generation::renew_closed(partial)
}

fn fill(
    backup: &BackupFile,
    connection: &mut Connection,
    finish: impl FnOnce(&mut Transaction<'_>, &Header) -> Result<()>,
    progress: &mut dyn Progress,
) -> Result<()> {
    migrate::run_exactly(connection, &backup.header.migrations)?;
    let tables = catalog::tables(connection, &backup.header.migrations)?;
    let mut ordered = Vec::new();
    progress.begin("Restoring", backup.rows());
    let mut tx = Transaction::new(connection);
    target::fill(&mut tx, &tables, |tx| {
        ordered = insert(backup, tx, &tables, progress)?;
        Ok(())
    })?;
    progress.begin("Checking what was restored", backup.rows());
    let sums = read::sums(&mut tx, &ordered, progress)?;
    if let Some((table, _)) = backup.sums.iter().find(|(name, sum)| sums.get(*name) != Some(sum)) {
        return Err(backup.differs(table));
    }
    migrate::run_rest(&mut tx)?;
    finish(&mut tx, &backup.header)
}

/// Inserts the rows of the backup; returns the tables with their columns in the order of the file.
fn insert(
    backup: &BackupFile,
    tx: &mut Transaction<'_>,
    tables: &[Table],
    progress: &mut dyn Progress,
) -> Result<Vec<Table>> {
    let mut ordered: Vec<Table> = Vec::new();
    let mut batch: Option<Batch> = None;
    let mut steps = read::Steps::new(progress);
    let sums = backup.parts(&mut |part| match part {
        Part::Table { name, columns } => {
            if let Some(mut batch) = batch.take() {
                batch.flush(tx)?;
            }
            let table = tables.iter().find(|table| table.name == name);
            let table = table.ok_or_else(|| backup.differs(&name))?.ordered(&columns)?;
            ordered.push(table.clone());
            batch = Some(Batch::new(table));
            Ok(())
        }
        Part::Row(line) => {
            steps.advance();
            let row = row::parse(line)?;
            batch.as_mut().map_or(Ok(()), |batch| batch.push(tx, row))
        }
    })?;
    if let Some(mut batch) = batch {
        batch.flush(tx)?;
    }
    // The file is read a second time here: it must still be the one that was checked.
    let missing = tables.iter().find(|table| !ordered.iter().any(|other| other.name == table.name));
    match missing {
        Some(table) => Err(backup.differs(&table.name)),
        None if sums != backup.sums => Err(backup.differs("settings")),
        None => Ok(ordered),
    }
}
