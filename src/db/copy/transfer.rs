//! Copies an SQLite database into an empty PostgreSQL database, in one transaction.

use std::path::Path;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;

use super::catalog::{self, Table};
use super::file::Sums;
use super::insert::Batch;
use super::row::{self, Summing};
use super::{read, restore, target};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::progress::Progress;
use crate::db::{Connection, Location, Transaction, error, generation, migrate, serving};

/// What became of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This number of rows was copied and compared.
    Copied(u64),
    /// The database held this number of rows already, and each of them is equal.
    WasThere(u64),
}

/// Copies the SQLite file at `from` into the PostgreSQL database at `to`, and calls `mark` while
/// nobody can use the file. `check` reads from the state that is copied.
pub fn copy(
    from: &Path,
    to: &Location,
    check: impl FnOnce(&mut Connection) -> Result<()>,
    mark: impl FnOnce() -> Result<()>,
    progress: &mut dyn Progress,
) -> Result<Outcome> {
    let _lock = serving::exclusive(from)?;
    let path = files::resolved(from);
    generation::check(&path, &files::with_ending(&path, "-wal"))?;
    let mut source = Connection::open(&Location::Sqlite(path)).map_err(error::unavailable)?;
    source.batch_execute("PRAGMA query_only = ON")?;
    read::begin(&mut source)?;
    let migrations = migrate::applied(&mut source)?;
    migrate::check_known(&mut source, &migrations)?;
    check(&mut source)?;
    let mut connection = Connection::open(to).map_err(error::unavailable)?;
    let outcome = connection.transaction(|connection| {
        migrate::lock_postgres(connection)?;
        if catalog::is_empty(connection)? {
            fill(&mut source, connection, &migrations, progress)
        } else {
            compare(&mut source, connection, &migrations, progress)
        }
    })?;
    mark()?;
    Ok(outcome)
}

fn fill(
    source: &mut Connection,
    connection: &mut Connection,
    migrations: &[String],
    progress: &mut dyn Progress,
) -> Result<Outcome> {
    migrate::run_exactly(connection, migrations)?;
    let tables = catalog::tables(source, migrations)?;
    let targets = matching(connection, &tables, migrations)?;
    let total = read::count(source, &tables)?;
    progress.begin("Copying", total);
    let mut sums = Sums::new();
    let mut tx = Transaction::new(connection);
    target::fill(&mut tx, &targets, |tx| {
        let mut steps = read::Steps::new(progress);
        for (table, target) in tables.iter().zip(&targets) {
            let mut batch = Batch::new(target.clone());
            let mut summing = Summing::default();
            read::each_row(source, table, &mut |row| {
                summing.add(&row::canonical(&row)?);
                steps.advance();
                batch.push(tx, row)
            })?;
            batch.flush(tx)?;
            sums.insert(table.name.clone(), summing.finish());
        }
        Ok(())
    })?;
    progress.begin("Comparing", total);
    let arrived = read::sums(&mut tx, &targets, progress)?;
    match sums.iter().find(|(name, sum)| arrived.get(*name) != Some(sum)) {
        Some((table, _)) => Err(differs(table)),
        None => Ok(Outcome::Copied(total)),
    }
}

/// A copy may have been stopped after its last step: then both databases are equal.
fn compare(
    source: &mut Connection,
    connection: &mut Connection,
    migrations: &[String],
    progress: &mut dyn Progress,
) -> Result<Outcome> {
    if migrate::applied(connection)? != migrations {
        return Err(restore::not_empty());
    }
    let tables = catalog::tables(source, migrations)?;
    let targets = matching(connection, &tables, migrations)?;
    let total = read::count(source, &tables)?;
    if read::count(connection, &targets)? != total {
        return Err(restore::not_empty());
    }
    progress.begin("Comparing", total * 2);
    let sums = read::sums(source, &tables, progress)?;
    if read::sums(connection, &targets, progress)? != sums {
        return Err(restore::not_empty());
    }
    Ok(Outcome::WasThere(total))
}

/// The tables of the other database, with their columns in the order of `tables`.
fn matching(
    connection: &mut Connection,
    tables: &[Table],
    migrations: &[String],
) -> Result<Vec<Table>> {
    let others = catalog::tables(connection, migrations)?;
    let same = |table: &Table| {
        let other = others.iter().find(|other| other.name == table.name);
        other.ok_or_else(|| differs(&table.name))?.ordered(&table.names())
    };
    tables.iter().map(same).collect()
}

fn differs(table: &str) -> Error {
    Error::Internal(format!(
        "the rows of the table {table} differ after copying, so nothing was kept"
    ))
}
