//! The schemas of SQLite, PostgreSQL and diesel agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::{App, is_postgres};

/// The type of each column of each table, and whether it may be null.
type Columns = BTreeMap<(String, String), (String, bool)>;

fn migration_names(database: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let entries = fs::read_dir(path).expect("migrations");
    entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect()
}

/// The columns of diesel's schema, with the types of the database that the tests run on.
fn declared_columns() -> Columns {
    let names: &[(&str, &str)] = if is_postgres() {
        &[
            ("Text", "text"),
            ("BigInt", "bigint"),
            ("Integer", "integer"),
            ("Bool", "boolean"),
            ("Binary", "bytea"),
        ]
    } else {
        &[
            ("Text", "TEXT"),
            ("BigInt", "INTEGER"),
            ("Integer", "INTEGER"),
            ("Bool", "INTEGER"),
            ("Binary", "BLOB"),
        ]
    };
    let mut columns = Columns::new();
    let schema = include_str!("../../src/db/schema.rs");
    for table in schema.split("diesel::table! {").skip(1) {
        let name = table.split('(').next().expect("a name").trim();
        let body = table.split_once('{').expect("columns").1;
        for line in body.lines().take_while(|line| line.trim() != "}") {
            let Some((column, kind)) = line.trim().trim_end_matches(',').split_once(" -> ") else {
                continue;
            };
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let pair = names.iter().find(|(diesel, _)| *diesel == inner.unwrap_or(kind));
            let native = pair.unwrap_or_else(|| panic!("{kind} has no match")).1;
            columns.insert((name.into(), column.into()), (native.into(), inner.is_some()));
        }
    }
    columns
}

/// The columns of the database.
fn actual_columns(app: &App) -> Columns {
    let query = if is_postgres() {
        "SELECT table_name || '/' || column_name || '/' || data_type || '/' || is_nullable AS text \
         FROM information_schema.columns \
         WHERE table_schema = 'public' AND is_generated = 'NEVER'"
    } else {
        "SELECT t.name || '/' || c.name || '/' || c.type || '/' || \
         CASE WHEN c.\"notnull\" THEN 'NO' ELSE 'YES' END AS text \
         FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'"
    };
    let rows = app.texts(query).into_iter().filter(|row| !row.starts_with("__diesel"));
    rows.filter(|row| !row.starts_with("sqlite_"))
        .map(|row| match row.split('/').collect::<Vec<_>>().as_slice() {
            [table, column, kind, nullable] => (
                ((*table).to_owned(), (*column).to_owned()),
                ((*kind).to_owned(), *nullable == "YES"),
            ),
            _ => panic!("{row}"),
        })
        .collect()
}

#[test]
fn both_databases_have_the_same_migrations_and_each_can_be_reverted() {
    assert_eq!(migration_names("sqlite"), migration_names("postgres"));
    for database in ["sqlite", "postgres"] {
        for name in migration_names(database) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
            for file in ["up.sql", "down.sql"] {
                let path = path.join(&name).join(file);
                assert!(fs::metadata(&path).is_ok_and(|m| m.len() > 0), "{}", path.display());
            }
        }
    }
}

#[test]
fn the_schema_of_diesel_has_the_columns_of_the_database() {
    let app = App::new();
    let (declared, actual) = (declared_columns(), actual_columns(&app));
    assert!(declared.len() > 80, "the schema was not read");
    assert_eq!(declared, actual);
}

#[test]
fn reverting_all_migrations_removes_everything() {
    let app = App::new();
    let mut connection = app.database.connect();
    let database = if is_postgres() { "postgres" } else { "sqlite" };
    for name in migration_names(database).iter().rev() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(database)
            .join(name)
            .join("down.sql");
        connection.run(&fs::read_to_string(path).expect("a migration"));
    }
    assert!(actual_columns(&app).is_empty());
}

#[test]
fn sqlite_tables_are_strict_and_both_databases_have_the_same_indexes() {
    let definitions = |database: &str| -> BTreeSet<String> {
        let texts = migration_names(database).into_iter().map(|name| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
            fs::read_to_string(path.join(name).join("up.sql")).expect("a migration")
        });
        let all: Vec<String> = texts.collect();
        if database == "sqlite" {
            let tables: usize = all.iter().map(|sql| sql.matches("CREATE TABLE").count()).sum();
            let strict: usize = all.iter().map(|sql| sql.matches(") STRICT").count()).sum();
            assert_eq!(tables, strict, "every table must be STRICT");
        }
        let lines = all.iter().flat_map(|sql| sql.lines());
        let indexes = lines.filter(|line| line.contains("INDEX"));
        indexes.filter_map(|line| line.split(" ON ").next()).map(str::to_owned).collect()
    };
    assert_eq!(definitions("sqlite"), definitions("postgres"));
}
