//! A database that a newer version has migrated, and the record of who migrated it.

use super::{count_migrations, migrations, revert};
use crate::activity::verify::{Shell, text_of};
use crate::support::{Database, is_postgres};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes the database one that version 99.3.0 has migrated, usable from `usable_from` on.
fn make_newer(database: &Database, usable_from: &str) {
    let mut connection = database.connect();
    connection.run("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
    connection.run(&format!(
        "UPDATE last_migration SET version = '99.3.0', usable_from = '{usable_from}'"
    ));
}

fn recorded(database: &Database) -> Vec<String> {
    let query = "SELECT version || ' ' || usable_from AS text FROM last_migration";
    database.connect().texts(query)
}

fn migrate(shell: &Shell, database: &Database) {
    let output = shell.run(&database.location, &["migrate"]);
    assert!(output.status.success(), "{}", text_of(&output));
}

#[test]
fn the_version_that_migrates_is_recorded() {
    let (shell, database) = (Shell::new(), Database::empty());
    migrate(&shell, &database);
    let recorded_by_this = recorded(&database);
    assert!(recorded_by_this[0].starts_with(&format!("{VERSION} ")), "{recorded_by_this:?}");
    // A patch release without a migration changes nothing.
    database.connect().run("UPDATE last_migration SET version = '0.0.9'");
    migrate(&shell, &database);
    assert!(recorded(&database)[0].starts_with("0.0.9 "));
    // The newest migration, after the one that adds the table.
    let table = migrations(&database).iter().position(|(name, _)| name.ends_with("note_versions"));
    let newer = migrations(&database).len() - 1 - table.expect("a migration");
    if newer > 0 {
        revert(&database, 1);
        migrate(&shell, &database);
        assert_eq!(recorded(&database), recorded_by_this);
    }
    // A database from before versions were recorded.
    revert(&database, newer + 1);
    migrate(&shell, &database);
    assert_eq!(recorded(&database), recorded_by_this);
}

#[test]
fn a_newer_database_is_rejected_with_the_version_that_made_it() {
    let (shell, database) = (Shell::new(), Database::empty());
    migrate(&shell, &database);
    make_newer(&database, "99.2.0");
    let backup = shell.0.path().join("backup").display().to_string();
    for command in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"], &["backup", &backup]] {
        let output = shell.run(&database.location, command);
        let line = text_of(&output);
        let said = format!(
            "the database was made by Latchkey 99.3.0, and this is {VERSION}: start that version, or \
             restore a backup"
        );
        assert!(output.status.code() == Some(1) && line.contains(&said), "{line}");
    }
    assert_eq!(recorded(&database), ["99.3.0 99.2.0"]);
    database.connect().run("DROP TABLE last_migration");
    let line = text_of(&shell.run(&database.location, &["migrate"]));
    assert!(line.contains("was made by a newer version of Latchkey: start that"), "{line}");
}

#[test]
fn the_version_before_can_start_during_a_rolling_upgrade_of_postgresql() {
    let (shell, database) = (Shell::new(), Database::empty());
    migrate(&shell, &database);
    make_newer(&database, VERSION);
    database.connect().run("UPDATE roles SET description = 'As the newer version has it'");
    let output = shell.run(&database.location, &["member", "list"]);
    // An SQLite file has one node.
    assert_eq!(output.status.success(), is_postgres(), "{}", text_of(&output));
    let query = "SELECT DISTINCT description AS text FROM roles";
    assert_eq!(database.connect().texts(query), ["As the newer version has it"]);
    assert_eq!(recorded(&database), [format!("99.3.0 {VERSION}")]);
    if is_postgres() {
        // A backup would lack what only the newer version knows.
        let backup = shell.0.path().join("backup").display().to_string();
        let line = text_of(&shell.run(&database.location, &["backup", &backup]));
        assert!(line.contains("made by Latchkey 99.3.0"), "{line}");
        // Migrations are never run out of order.
        revert(&database, 1);
        let has_table =
            migrations(&database).last().is_some_and(|(name, _)| !name.ends_with("note_versions"));
        let before = count_migrations(&database);
        let line = text_of(&shell.run(&database.location, &["migrate"]));
        assert!(line.contains("was made by") || !has_table, "{line}");
        assert_eq!(count_migrations(&database), before);
    }
}
