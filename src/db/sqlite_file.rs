//! The SQLite file of this process: checks that it remains the file that was opened, and closes it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use diesel::sql_types::BigInt;
use diesel::{RunQueryDsl as _, sql_query};

use super::{Connection, Location, error, generation, migrate};
use crate::base::error::{Error, Result};
use crate::base::files;

/// An open SQLite file.
pub(super) struct SqliteFile {
    /// Keeps the log from being removed, and with it the generation from changing, until the end.
    connection: Mutex<Option<Connection>>,
    generation: i32,
    /// The database, its log and the log's index, each with its device and inode.
    files: [(PathBuf, Option<Inode>); 3],
    is_closed: AtomicBool,
}

type Inode = (u64, u64);

impl SqliteFile {
    /// Opens the file at `location`, if its log belongs to it. `renews` is for callers that will
    /// write.
    pub(super) fn open(location: &Location, renews: bool) -> Result<Option<Self>> {
        let Location::Sqlite(path) = location else { return Ok(None) };
        let path = files::resolved(path);
        let beside = ["", "-wal", "-shm"].map(|ending| files::with_ending(&path, ending));
        generation::check(&path, &beside[1])?;
        if renews {
            migrate::create_file(location)?;
        }
        let mut connection = Connection::open(location).map_err(error::unavailable)?;
        if renews {
            generation::renew(&mut connection)?;
        }
        let generation = generation::current(&mut connection)?;
        Ok(Some(Self {
            connection: Mutex::new(Some(connection)),
            generation,
            files: beside.map(|path| {
                let inode = inode(&path);
                (path, inode)
            }),
            is_closed: AtomicBool::new(false),
        }))
    }

    /// The statement that makes a write transaction include the file's generation.
    pub(super) fn mark(&self) -> String {
        format!("PRAGMA user_version = {}", self.generation)
    }

    /// Checks that the open file is still the one at the file's path.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Error::Unavailable("it is being closed".into()));
        }
        match self.files.iter().find(|(path, opened)| inode(path) != *opened) {
            None => Ok(()),
            Some((path, _)) => Err(Error::Unavailable(format!(
                "{} was deleted or replaced while Latchkey was running: put it back, or restart Latchkey",
                path.display()
            ))),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Makes every later [`SqliteFile::check`] fail.
    pub(super) fn begin_closing(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// Copies the log into the file and, if this is the last connection, removes it.
    pub(super) fn close(&self) {
        let closing = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut connection) = closing else { return };
        let is_in_place = self.files.iter().all(|(path, opened)| inode(path) == *opened);
        if is_in_place && !checkpoint(&mut connection).is_ok_and(|is_complete| is_complete) {
            let [file, log, _] = &self.files;
            let (file, log) = (file.0.display(), log.0.display());
            tracing::warn!("{log} holds changes that {file} lacks: copy them together");
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = BigInt)]
    busy: i64,
}

/// Whether all of the log is now in the file.
fn checkpoint(connection: &mut Connection) -> Result<bool> {
    let done: Checkpoint = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(connection)?;
    Ok(done.busy == 0)
}

fn inode(path: &Path) -> Option<Inode> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
