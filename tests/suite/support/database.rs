//! A database for one test: an SQLite file, or a PostgreSQL database that goes with the test.

use std::sync::OnceLock;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use latchkey::db::{Db, Location};
use latchkey::random;
use tempfile::TempDir;

pub struct Database {
    pub location: Location,
    _folder: TempDir,
    postgres: Option<(String, String)>,
}

/// The URL of a PostgreSQL server, without a database's name.
fn server() -> Option<String> {
    std::env::var("LATCHKEY_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// A migrated database that the others are copied from.
fn template(server: &str) -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let name = fresh_name();
        execute(server, &format!("CREATE DATABASE {name}"));
        Db::open(&Location::Postgres(format!("{server}/{name}"))).expect("migrations");
        name
    })
}

fn fresh_name() -> String {
    format!("latchkey_{}", random::text(b"abcdefghijklmnopqrstuvwxyz", 12).expect("random"))
}

fn execute(server: &str, sql: &str) {
    let mut connection =
        PgConnection::establish(&format!("{server}/postgres")).expect("PostgreSQL answers");
    connection.batch_execute(sql).expect(sql);
}

impl Database {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let Some(server) = server() else {
            let location = Location::Sqlite(folder.path().join("latchkey.db"));
            return Self { location, _folder: folder, postgres: None };
        };
        let (name, template) = (fresh_name(), template(&server));
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let location = Location::Postgres(format!("{server}/{name}"));
        Self { location, _folder: folder, postgres: Some((server, name)) }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.postgres {
            execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
