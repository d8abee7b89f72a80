//! Writes every row of a database into a file, while others write to the database.
//!
//! The file is written under a temporary name, readable only by its owner. It is read back, and
//! renamed once all of it is on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::file::{About, BackupFile, Header, Sums, Writer, cannot_be_written};
use super::{catalog, read, row};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::progress::Progress;
use crate::db::{Connection, Location, error, migrate};

/// A backup that was written and read back.
#[derive(Clone, Debug)]
pub struct Written {
    /// The size of the file in bytes.
    pub size: u64,
    pub rows: u64,
    pub about: About,
}

/// Writes the rows of the database at `location` into `file`, which must not exist yet. `about`
/// reads from the state that is written.
pub fn backup(
    location: &Location,
    file: &Path,
    about: impl FnOnce(&mut Connection) -> Result<About>,
    progress: &mut dyn Progress,
) -> Result<Written> {
    let partial = UnfinishedCopy::new(file)?;
    let mut connection = Connection::open(location).map_err(error::unavailable)?;
    read::begin(&mut connection)?;
    let migrations = migrate::applied(&mut connection)?;
    migrate::check_known(&mut connection, &migrations)?;
    let header = Header::new(about(&mut connection)?, migrations);
    let sums = write(&mut connection, &partial, &header, progress)?;
    drop(connection);
    let rows = sums.values().map(|sum| sum.rows).sum();
    progress.begin("Checking the backup", rows);
    let back = BackupFile::open(&partial.path)?;
    if back.sums != sums {
        return Err(partial.named(&io::Error::other("what was read back differs")));
    }
    progress.advance(rows);
    Ok(Written { size: partial.finish()?, rows, about: header.about })
}

fn write(
    connection: &mut Connection,
    partial: &UnfinishedCopy,
    header: &Header,
    progress: &mut dyn Progress,
) -> Result<Sums> {
    let tables = catalog::tables(connection, &header.migrations)?;
    progress.begin("Writing the backup", read::count(connection, &tables)?);
    let mut steps = read::Steps::new(progress);
    let mut writer = Writer::new(partial.file()?, &partial.file, header)?;
    for table in &tables {
        writer.table(&table.name, table.names())?;
        read::each_row(connection, table, &mut |row| {
            steps.advance();
            writer.row(&row::canonical(&row)?)
        })?;
    }
    writer.finish()
}

/// The unfinished copy; removed when dropped unless it is finished.
pub(in crate::db) struct UnfinishedCopy {
    pub path: PathBuf,
    /// What it is renamed to.
    file: PathBuf,
}

impl UnfinishedCopy {
    pub(in crate::db) fn new(file: &Path) -> Result<Self> {
        let named = |error| cannot_be_written(file, &error);
        let file = std::path::absolute(file).map_err(named)?;
        if file.symlink_metadata().is_ok() {
            let exists = io::Error::other("it exists already, and a backup overwrites nothing");
            return Err(named(exists));
        }
        let name = file.file_name().ok_or_else(|| named(io::Error::other("it has no name")))?;
        let mut partial = name.to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let path = file.with_file_name(partial);
        files::create(&path).map_err(named)?;
        Ok(Self { path, file })
    }

    fn file(&self) -> Result<File> {
        files::open_or_create(&self.path).map_err(|error| self.named(&error))
    }

    fn named(&self, error: &io::Error) -> Error {
        cannot_be_written(&self.file, error)
    }

    /// Renames the copy to its final name, which must still be free; returns its size.
    pub(in crate::db) fn finish(self) -> Result<u64> {
        self.rename().map_err(|error| self.named(&error))
    }

    fn rename(&self) -> io::Result<u64> {
        let size = self.path.metadata()?.len();
        files::create(&self.file)?;
        files::put_in_place(&self.path, &self.file)
            .inspect_err(|_| drop(fs::remove_file(&self.file)))?;
        Ok(size)
    }
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
