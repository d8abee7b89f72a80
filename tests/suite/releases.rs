//! Upgrades: every release can be upgraded, an SQLite file is copied first, and a newer database is
//! rejected.

mod copy;
mod doctor;
mod fixtures;
mod newer;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Database;

/// The folder with a folder for each release.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/releases")
}

/// The migrations for `database`, by name, oldest first, with the SQL that reverts each.
fn migrations(database: &Database) -> Vec<(String, String)> {
    let kind = match database.location {
        latchkey::db::Location::Sqlite(_) => "sqlite",
        latchkey::db::Location::Postgres(_) => "postgres",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    let mut all: Vec<_> = fs::read_dir(folder)
        .expect("migrations")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let down = fs::read_to_string(path.join("down.sql")).expect("a migration");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), down)
        })
        .collect();
    all.sort();
    all
}

/// Brings the database to the state before its newest `count` migrations, as an earlier version
/// leaves it.
fn revert(database: &Database, count: usize) {
    let mut connection = database.connect();
    for (name, down) in migrations(database).iter().rev().take(count) {
        connection.run(down);
        let version: String = name.chars().take(17).filter(char::is_ascii_digit).collect();
        connection
            .run(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'"));
    }
}

/// How many migrations the database has had.
fn count_migrations(database: &Database) -> usize {
    let query = "SELECT CAST(version AS TEXT) AS text FROM __diesel_schema_migrations";
    database.connect().texts(query).len()
}
