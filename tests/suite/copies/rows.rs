//! Every row and every column is carried, whichever database it comes from and goes to.

use std::collections::BTreeMap;

use latchkey::config::Location;

use super::{OF_PROCESSES, backup, declared, empty_databases, fill, lines_of, restore_rows, rows};
use crate::support::Database;

/// Text that is awkward in JSON, SQL or a language's alphabet.
const AWKWARD: &str = "é\\\"'\n\t\u{1}\u{7f}\u{2028}😀İß {} $1 \u{feff}";

/// Adds a row to each table that the sample organisation leaves empty, with unusual values.
fn fill_empty_tables(database: &Database) {
    let is_sqlite = matches!(database.location, Location::Sqlite(_));
    let empty = rows(database).into_iter().filter(|(_, rows)| rows.is_empty());
    let tables = declared();
    let mut connection = database.connect();
    for (table, _) in empty {
        let values: Vec<String> = tables[&table]
            .iter()
            .map(|(name, kind)| match (name.as_str(), kind.as_str()) {
                ("member_id", _) => "(SELECT MIN(id) FROM members)".into(),
                (_, "Text") => format!("'{name} {}'", AWKWARD.replace('\'', "''")),
                ("id", _) => "1".into(),
                (_, "Integer") => "2147483647".into(),
                (_, "BigInt") => "9223372036854775807".into(),
                (_, "Bool") if is_sqlite => "1".into(),
                (_, "Bool") => "true".into(),
                (_, "Binary") if is_sqlite => "x'00ff10'".into(),
                (_, "Binary") => "'\\x00ff10'".into(),
                other => panic!("{table}: {other:?}"),
            })
            .collect();
        let columns: Vec<_> =
            tables[&table].iter().map(|(name, _)| format!("\"{name}\"")).collect();
        connection.run(&format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            columns.join(", "),
            values.join(", ")
        ));
    }
    // An empty value and the smallest number.
    let empty = if is_sqlite { "x''" } else { "''" };
    connection.run(&format!("UPDATE member_totp SET secret = {empty}"));
    connection.run("UPDATE last_backup SET made_at = -9223372036854775808");
    connection.run("UPDATE roles SET description = ''");
}

#[test]
fn every_row_arrives_in_either_database() {
    let folder = tempfile::tempdir().expect("a folder");
    for (n, source) in empty_databases().iter().enumerate() {
        fill(source, 60);
        fill_empty_tables(source);
        let before = rows(source);
        for (table, rows) in &before {
            assert!(!rows.is_empty(), "{table} has no row to carry");
        }
        let file = folder.path().join(format!("{n}.backup"));
        backup(source, &file);
        for target in empty_databases() {
            restore_rows(&file, &target).expect("restored");
            let after = rows(&target);
            for (table, rows) in &before {
                assert_eq!(after.get(table), Some(rows), "{table}, {:?}", target.location);
            }
            // What was restored can be restored again, and gives the same file.
            let again = folder.path().join("again.backup");
            backup(&target, &again);
            let without_header = |file| lines_of(file)[1..].join("\n").replace("sha256", "");
            let parts = |text: String| text.split("\"tables\"").map(str::to_owned).next();
            assert_eq!(parts(without_header(&again)), parts(without_header(&file)));
            std::fs::remove_file(&again).expect("removed");
        }
        assert_eq!(rows(source), before, "the source is only read");
    }
}

#[test]
fn a_restored_database_keeps_triggers_indexes_and_foreign_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("copy.backup");
    for source in empty_databases() {
        fill(&source, 5);
        let _ = std::fs::remove_file(&file);
        backup(&source, &file);
        let mut targets = empty_databases();
        targets.retain(|target| {
            std::mem::discriminant(&target.location) == std::mem::discriminant(&source.location)
        });
        let target = targets.pop().expect("one of the same kind");
        restore_rows(&file, &target).expect("restored");
        let query = match source.location {
            Location::Sqlite(_) => {
                "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || COALESCE(sql, '') AS text \
                 FROM sqlite_schema ORDER BY 1"
            }
            Location::Postgres(_) => {
                "SELECT indexdef AS text FROM pg_indexes WHERE schemaname = 'public' UNION ALL \
                 SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
                 WHERE connamespace = 'public'::regnamespace UNION ALL \
                 SELECT tgname || ' ' || CAST(tgenabled AS TEXT) || ' ' || pg_get_triggerdef(oid) \
                 FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
            }
        };
        let mut both = [&source, &target].map(|database| database.connect().texts(query));
        for lines in &mut both {
            lines.sort();
        }
        assert!(both[0].len() > 100, "{}", both[0].len());
        assert_eq!(both[0], both[1]);
    }
}

#[test]
fn the_file_names_every_table_and_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected: BTreeMap<String, Vec<String>> = declared()
        .into_iter()
        .map(|(table, columns)| {
            let mut names: Vec<String> = columns.into_iter().map(|(name, _)| name).collect();
            names.sort();
            (table, names)
        })
        .collect();
    expected.retain(|table, _| !OF_PROCESSES.contains(&table.as_str()));
    for (n, source) in empty_databases().iter().enumerate() {
        fill(source, 1);
        // Tables that somebody else added are left alone.
        source.connect().run("CREATE TABLE notes_of_somebody (text TEXT)");
        let file = folder.path().join(n.to_string());
        backup(source, &file);
        let tables = lines_of(&file).into_iter().filter_map(|line| {
            let mark: serde_json::Value = serde_json::from_str(&line).ok()?;
            let table = mark.get("table")?;
            let columns = table["columns"].as_array()?.iter();
            let mut names: Vec<_> =
                columns.map(|name| name.as_str().expect("a name").to_owned()).collect();
            names.sort();
            Some((table["name"].as_str()?.to_owned(), names))
        });
        assert_eq!(tables.collect::<BTreeMap<_, _>>(), expected);
    }
}

#[test]
fn no_column_is_counted_by_the_database() {
    // A sequence or an identity would have to be set after the rows were restored.
    for database in empty_databases() {
        fill(&database, 1);
        let query = match database.location {
            Location::Sqlite(_) => {
                "SELECT sql AS text FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'"
            }
            Location::Postgres(_) => "SELECT sequencename::text AS text FROM pg_sequences",
        };
        assert_eq!(database.connect().texts(query), Vec::<String>::new());
    }
}

#[test]
fn a_nul_character_is_carried_to_sqlite_and_named_for_postgresql() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("copy.backup");
    let source = Database::sqlite();
    fill(&source, 1);
    source.connect().run("UPDATE roles SET description = 'a' || char(0) || 'b'");
    backup(&source, &file);
    for target in empty_databases() {
        let restored = restore_rows(&file, &target);
        if matches!(target.location, Location::Sqlite(_)) {
            restored.expect("restored");
            let query = "SELECT DISTINCT hex(description) AS text FROM roles";
            assert_eq!(target.connect().texts(query), ["610062"]);
        } else {
            let message = restored.expect_err("rejected").to_string();
            assert!(message.contains("column description of the table roles"), "{message}");
            assert!(super::is_untouched(&target));
        }
    }
}
