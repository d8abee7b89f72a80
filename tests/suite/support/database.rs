//! A database for one test: an SQLite file or a PostgreSQL database, which is dropped afterwards.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection};
use latchkey::base::random;
use latchkey::db::{Db, Location};
use tempfile::TempDir;

pub struct Database {
    pub location: Location,
    _folder: TempDir,
    postgres: Option<(String, String)>,
}

/// The URL of a PostgreSQL server, without the name of a database.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
pub fn postgres_server() -> Option<String> {
    std::env::var("LATCHKEY_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// A migrated file that the databases of tests are copied from. Running the migrations for each of
/// them would take a third of the time of most tests.
fn template_file() -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("latchkey.db");
        Db::open(&Location::Sqlite(file)).expect("migrations");
        folder
    });
    folder.path().join("latchkey.db")
}

/// The name of a migrated PostgreSQL database that the databases of tests are copied from.
fn template_database(server: &str) -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let name = random_name();
        execute(server, &format!("CREATE DATABASE {name}"));
        Db::open(&Location::Postgres(format!("{server}/{name}"))).expect("migrations");
        name
    })
}

fn random_name() -> String {
    format!("latchkey_{}", random::text(b"abcdefghijklmnopqrstuvwxyz", 12).expect("random"))
}

fn execute(server: &str, sql: &str) {
    let mut connection =
        PgConnection::establish(&format!("{server}/postgres")).expect("PostgreSQL answers");
    connection.batch_execute(sql).expect(sql);
}

impl Database {
    pub fn new() -> Self {
        let database = Self::for_process();
        if let Location::Sqlite(file) = &database.location {
            fs::copy(template_file(), file).expect("a copy");
        }
        database
    }

    /// A database for a process, which creates the SQLite file itself.
    pub fn for_process() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let Some(server) = postgres_server() else {
            let location = Location::Sqlite(folder.path().join("latchkey.db"));
            return Self { location, _folder: folder, postgres: None };
        };
        let (name, template) = (random_name(), template_database(&server));
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let location = Location::Postgres(format!("{server}/{name}"));
        Self { location, _folder: folder, postgres: Some((server, name)) }
    }

    /// A database without tables.
    pub fn empty() -> Self {
        Self::with_options("")
    }

    /// A database without tables, which PostgreSQL creates with `options`.
    pub fn with_options(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let Some(server) = postgres_server() else {
            let location = Location::Sqlite(folder.path().join("latchkey.db"));
            return Self { location, _folder: folder, postgres: None };
        };
        let name = random_name();
        execute(&server, &format!("CREATE DATABASE {name} {options}"));
        let location = Location::Postgres(format!("{server}/{name}"));
        Self { location, _folder: folder, postgres: Some((server, name)) }
    }

    /// An SQLite database without a file, also when the tests run on PostgreSQL.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("latchkey.db"));
        Self { location, _folder: folder, postgres: None }
    }

    /// The database of another process, which is not dropped with this value.
    pub fn borrowed(location: Location) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { location, _folder: folder, postgres: None }
    }
}

/// Whether the tests run on PostgreSQL.
pub fn is_postgres() -> bool {
    postgres_server().is_some()
}

impl Database {
    /// A connection in addition to those of the program.
    pub fn connect(&self) -> Box<dyn ExtraConnection> {
        match &self.location {
            Location::Sqlite(path) => Box::new(
                SqliteConnection::establish(&path.to_string_lossy()).expect("a connection"),
            ),
            Location::Postgres(url) => {
                Box::new(PgConnection::establish(url).expect("a connection"))
            }
        }
    }

    /// The name of each table, with a query that returns each of its rows as one text.
    pub fn dumps(&self) -> &'static [(String, String)] {
        static DUMPS: OnceLock<Vec<(String, String)>> = OnceLock::new();
        DUMPS.get_or_init(|| {
            let schema = include_str!("../../../src/db/schema.rs");
            let tables = schema.split("diesel::table! {").skip(1);
            let names = tables.map(|table| table.split('(').next().expect("a name").trim());
            let mut dumps: Vec<_> =
                names.map(|name| (name.to_owned(), self.rows_as_text(name))).collect();
            dumps.sort();
            dumps
        })
    }

    fn rows_as_text(&self, table: &str) -> String {
        if is_postgres() {
            return format!("SELECT CAST(t AS TEXT) AS text FROM {table} AS t ORDER BY 1");
        }
        let columns = format!("SELECT name AS text FROM pragma_table_info('{table}')");
        let columns = self.connect().texts(&columns);
        let quoted: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        format!("SELECT {} AS text FROM {table} ORDER BY 1", quoted.join(" || ',' || "))
    }
}

/// A connection to SQLite or to PostgreSQL.
pub trait ExtraConnection {
    fn run(&mut self, sql: &str);
    fn texts(&mut self, query: &str) -> Vec<String>;
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

macro_rules! impl_extra_connection {
    ($connection:ty) => {
        impl ExtraConnection for $connection {
            fn run(&mut self, sql: &str) {
                self.batch_execute(sql).expect(sql);
            }

            fn texts(&mut self, query: &str) -> Vec<String> {
                let rows: Vec<TextRow> = diesel::sql_query(query).load(self).expect(query);
                rows.into_iter().map(|row| row.text).collect()
            }
        }
    };
}

impl_extra_connection!(SqliteConnection);
impl_extra_connection!(PgConnection);

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.postgres {
            execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
