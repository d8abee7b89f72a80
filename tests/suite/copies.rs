//! Backups, restores and the move to PostgreSQL: every row arrives, or nothing.

pub mod checking;
mod damage;
mod moving;
mod restoring;
mod rows;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use latchkey::base::keyring::{Keyring, hex};
use latchkey::base::progress::Unwatched;
use latchkey::config::Location;
use latchkey::db::{Db, copy};
use latchkey::demo;
use latchkey::domain::{backups, settings};
use sha2::{Digest as _, Sha256};

use crate::support::{Database, NOW, postgres_server};

/// The master key of [`crate::activity::verify::Shell`].
fn keyring() -> Keyring {
    Keyring::from_bytes(&[42; 32])
}

/// An empty database of each kind that the tests run on.
fn empty_databases() -> Vec<Database> {
    let mut all = vec![Database::sqlite()];
    all.extend(postgres_server().map(|_| Database::empty()));
    all
}

/// Fills a database with the sample organisation.
fn fill(database: &Database, keys: u32) {
    let db = Db::open(&database.location).expect("a database");
    db.write_blocking(|tx| settings::prepare(tx, &keyring())).expect("settings");
    demo::fill(&db, &keyring(), keys, 3, NOW).expect("a sample");
    db.close();
}

/// The tables with their columns and the type of each, as diesel's schema declares them.
pub fn declared() -> BTreeMap<String, Vec<(String, String)>> {
    let schema = include_str!("../../src/db/schema.rs");
    let tables = schema.split("diesel::table! {").skip(1).map(|table| {
        let name = table.split('(').next().expect("a name").trim().to_owned();
        let body = table.split_once('{').expect("columns").1;
        let lines = body.lines().take_while(|line| line.trim() != "}");
        let columns = lines.filter_map(|line| {
            let (column, kind) = line.trim().trim_end_matches(',').split_once(" -> ")?;
            let kind = kind.trim_start_matches("Nullable<").trim_end_matches('>');
            Some((column.to_owned(), kind.to_owned()))
        });
        (name, columns.collect())
    });
    tables.collect()
}

/// Tables about running processes, which mean nothing elsewhere.
const OF_PROCESSES: [&str; 2] = ["leases", "nodes"];

/// Every row of every table, except those about running processes, in the same form for both databases.
fn rows(database: &Database) -> BTreeMap<String, Vec<String>> {
    let is_sqlite = matches!(database.location, Location::Sqlite(_));
    let mut connection = database.connect();
    let mut all = BTreeMap::new();
    for (table, columns) in declared() {
        if OF_PROCESSES.contains(&table.as_str()) {
            continue;
        }
        let cells = columns.iter().map(|(name, kind)| {
            let text = match (kind.as_str(), is_sqlite) {
                ("Binary", true) => format!("hex(\"{name}\")"),
                ("Binary", false) => format!("upper(encode(\"{name}\", 'hex'))"),
                ("Bool", false) => format!("CAST(CAST(\"{name}\" AS INTEGER) AS TEXT)"),
                _ => format!("CAST(\"{name}\" AS TEXT)"),
            };
            format!("CASE WHEN \"{name}\" IS NULL THEN 'NULL' ELSE '=' || {text} END")
        });
        let cells = cells.collect::<Vec<_>>().join(" || '|' || ");
        let mut rows = connection.texts(&format!("SELECT {cells} AS text FROM {table}"));
        rows.sort();
        all.insert(table, rows);
    }
    all
}

fn backup(database: &Database, file: &Path) {
    let about = |c: &mut latchkey::db::Connection| backups::about(c, NOW);
    copy::backup(&database.location, file, about, &mut Unwatched).expect("a backup");
}

/// Restores the rows of a backup, and changes none of them.
fn restore_rows(file: &Path, database: &Database) -> latchkey::base::error::Result<()> {
    let file = copy::BackupFile::open(file)?;
    copy::restore(&file, &database.location, |_, _| Ok(()), &mut Unwatched)
}

/// The lines of a backup.
fn lines_of(file: &Path) -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(file).expect("a file");
    GzDecoder::new(file).read_to_string(&mut text).expect("text");
    text.lines().map(str::to_owned).collect()
}

/// Writes a backup with these lines; the digest of all lines in the last one is computed again.
fn write_lines(file: &Path, lines: &[String]) {
    let (last, before) = lines.split_last().expect("lines");
    let text: String = before.iter().flat_map(|line| [line, "\n"]).collect();
    let (start, _) = last.rsplit_once("\"sha256\":\"").expect("a digest");
    let last = format!("{start}\"sha256\":\"{}\"}}}}\n", hex(&Sha256::digest(&text)));
    let mut to = GzEncoder::new(
        std::fs::File::create(file).expect("a file"),
        flate2::Compression::default(),
    );
    to.write_all(text.as_bytes()).and_then(|()| to.write_all(last.as_bytes())).expect("written");
    to.finish().expect("written");
}

/// Whether there is no database, or one without tables.
fn is_untouched(database: &Database) -> bool {
    match &database.location {
        Location::Sqlite(path) => {
            let beside: Vec<PathBuf> = ["", "-wal", "-shm", "-journal", ".restoring"]
                .map(|ending| PathBuf::from(format!("{}{ending}", path.display())))
                .to_vec();
            beside.iter().all(|file| !file.exists())
        }
        Location::Postgres(_) => {
            let sql = "SELECT CAST(COUNT(*) AS TEXT) AS text FROM pg_class \
                       WHERE relnamespace = 'public'::regnamespace";
            database.connect().texts(sql) == ["0"]
        }
    }
}
