//! Identifies the state of an SQLite file that a write-ahead log belongs to.
//!
//! SQLite applies any log that lies next to a file, even to an older file that was restored, and
//! mixes both. The salts of the log do not identify the file. So each start with exclusive access
//! gives the file a new generation while there is no log, and every transaction writes the
//! generation again, so that the log contains it too. A log with another generation belongs to
//! another file.
//!
//! The generation is `PRAGMA user_version`, in the first page. The log's format is described in
//! <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{Integer, Text};
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};

use super::Connection;
use super::connection::uri;
use crate::base::error::{Error, Result};
use crate::base::random;

/// The sizes of the log's header and of the header of each page, in bytes.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The position of `user_version` in the first page.
const POSITION: usize = 60;
/// The first bytes of a log; the last bit means that its checksums use big-endian numbers.
const MAGIC: u32 = 0x377f_0682;
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 512..=65536;

/// Checks that the log `beside` belongs to the file at `path`. A log without a generation, such as
/// one of an earlier version or an incomplete one, is accepted.
pub(super) fn check(path: &Path, beside: &Path) -> Result<()> {
    // The log is read first: its generation was in the file before the log existed.
    let of_log = of_log(beside).map_err(|error| {
        Error::Internal(format!("{} cannot be read: {error}", beside.display()))
    })?;
    let Some(of_log) = of_log else { return Ok(()) };
    if path.exists() && of_log == of_file(path)? {
        return Ok(());
    }
    let (file, log) = (path.display(), beside.display());
    Err(Error::Internal(format!(
        "{log} belongs to another state of {file}: if you restored {file}, move {log} and {file}-shm \
         to another place and start again; otherwise put back the {file} that they belong to"
    )))
}

#[derive(diesel::QueryableByName)]
struct Mode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = Integer)]
    user_version: i32,
}

/// Gives the file a new generation, unless another process has it open and so uses it.
pub(super) fn renew(connection: &mut Connection) -> Result<()> {
    // Succeeds only for a single connection, and leaves no log.
    let mode: Result<Mode, _> = sql_query("PRAGMA journal_mode = DELETE").get_result(connection);
    if mode.is_ok_and(|mode| mode.journal_mode == "delete") {
        assign(connection)?;
    }
    Ok(connection.batch_execute("PRAGMA journal_mode = WAL")?)
}

/// Gives the file at `path`, which is not open and has no log, a new generation.
pub(super) fn renew_closed(path: &Path) -> Result<()> {
    let connection = SqliteConnection::establish(&uri(path, "mode=rw"));
    assign(&mut Connection::Sqlite(connection.map_err(super::error::unavailable)?))
}

fn assign(connection: &mut Connection) -> Result<()> {
    let generation = i32::from_be_bytes(random::bytes()?) & i32::MAX | 1;
    Ok(connection.batch_execute(&format!("PRAGMA user_version = {generation}"))?)
}

/// The generation of the open file.
pub(super) fn current(connection: &mut Connection) -> Result<i32> {
    let version: Version = sql_query("PRAGMA user_version").get_result(connection)?;
    Ok(version.user_version)
}

/// The generation in the file itself, without its log.
fn of_file(path: &Path) -> Result<i32> {
    let connection = SqliteConnection::establish(&uri(path, "mode=ro&immutable=1"));
    let mut connection = Connection::Sqlite(connection.map_err(super::error::unavailable)?);
    // Without this, SQLite rejects a file that is shorter than its header says, as it is when the
    // process was killed, or the disk was full, while the log was copied into it. The log still has
    // all of it.
    connection.batch_execute("PRAGMA writable_schema = ON")?;
    current(&mut connection)
}

/// The generation in the log at `path`: in the first copy of the first page, within the part that
/// SQLite would apply. `None` if there is none.
fn of_log(path: &Path) -> io::Result<Option<i32>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => find(&mut BufReader::new(file?)),
    }
}

fn find(log: &mut impl Read) -> io::Result<Option<i32>> {
    let mut header = [0; HEADER];
    if !fill(log, &mut header)? {
        return Ok(None);
    }
    let is_big_endian = number(&header, 0) == MAGIC | 1;
    let mut sum = Checksum { is_big_endian, sums: [0, 0] };
    sum.add(&header[..FRAME_HEADER]);
    let page_size = number(&header, 8);
    let is_log = (number(&header, 0) | 1) == MAGIC | 1 && PAGE_SIZES.contains(&page_size);
    if !is_log || !sum.is_at(&header, FRAME_HEADER) {
        return Ok(None);
    }
    let mut frame = vec![0; FRAME_HEADER + usize::try_from(page_size).map_err(io::Error::other)?];
    while fill(log, &mut frame)? {
        sum.add(&frame[..8]);
        sum.add(&frame[FRAME_HEADER..]);
        // The rest was left by an earlier use of the file, or is an incomplete page.
        if frame[8..16] != header[16..24] || !sum.is_at(&frame, 16) {
            break;
        }
        if number(&frame, 0) == 1 {
            return Ok(Some(number(&frame, FRAME_HEADER + POSITION).cast_signed()));
        }
    }
    Ok(None)
}

/// Whether there were enough bytes to fill `buffer`.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// The log's checksum, which continues from frame to frame.
struct Checksum {
    is_big_endian: bool,
    sums: [u32; 2],
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let [first, second] = &mut self.sums;
        for pair in bytes.as_chunks::<8>().0 {
            let word = |at| match number(pair, at) {
                word if self.is_big_endian => word,
                word => word.swap_bytes(),
            };
            *first = first.wrapping_add(word(0)).wrapping_add(*second);
            *second = second.wrapping_add(word(4)).wrapping_add(*first);
        }
    }

    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        self.sums == [number(bytes, at), number(bytes, at + 4)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_page_names_a_generation() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let mut writer =
            SqliteConnection::establish(&path.to_string_lossy()).expect("a connection");
        writer
            .batch_execute(
                "PRAGMA journal_mode = WAL; CREATE TABLE t (x); BEGIN; PRAGMA user_version = 7; \
                 INSERT INTO t VALUES (1); COMMIT; PRAGMA wal_checkpoint(TRUNCATE); \
                 BEGIN; PRAGMA user_version = 7; INSERT INTO t VALUES (2); COMMIT",
            )
            .expect("written");
        let log = std::fs::read(crate::base::files::with_ending(&path, "-wal")).expect("a log");
        let first = HEADER + FRAME_HEADER + 4096;
        assert_eq!(find(&mut &log[..]).expect("read"), Some(7));
        assert_eq!(find(&mut &log[..first]).expect("read"), Some(7));
        for end in (0..first).step_by(61) {
            assert_eq!(find(&mut &log[..end]).expect("read"), None, "cut at {end}");
            let mut changed = log.clone();
            changed[end] ^= 1;
            assert_eq!(find(&mut &changed[..]).expect("read"), None, "changed at {end}");
        }
        check(&path, &crate::base::files::with_ending(&path, "-wal")).expect("its own log");
    }

    #[test]
    fn a_log_that_was_copied_in_part_belongs_to_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let [whole, cut] = ["whole.db", "cut.db"].map(|name| folder.path().join(name));
        let log_of = |path: &Path| crate::base::files::with_ending(path, "-wal");
        let open = |path: &Path| {
            SqliteConnection::establish(&path.to_string_lossy()).expect("a connection")
        };
        let mut writer = open(&whole);
        let sql = "PRAGMA journal_mode = WAL; BEGIN; PRAGMA user_version = 7; CREATE TABLE t (x); \
                   INSERT INTO t VALUES (zeroblob(50000)); COMMIT";
        writer.batch_execute(sql).expect("written");
        let log = std::fs::read(log_of(&whole)).expect("a log");
        writer.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").expect("copied");
        // The first of many pages, which says how many there are.
        let first = std::fs::read(&whole).expect("a file")[..4096].to_vec();
        crate::base::files::create(&cut)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &first))
            .expect("written");
        crate::base::files::create(&log_of(&cut))
            .and_then(|mut file| std::io::Write::write_all(&mut file, &log))
            .expect("written");
        check(&cut, &log_of(&cut)).expect("its own log");
        open(&cut).batch_execute("SELECT * FROM t").expect("complete");
    }
}
