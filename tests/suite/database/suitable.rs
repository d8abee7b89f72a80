//! Latchkey does not start on an unsuitable PostgreSQL database, and says what to do about it.

use crate::support::{Database, Shell, is_postgres};

/// The one line with which `latchkey migrate` rejects `database`.
fn rejection(database: Database) -> String {
    let mut shell = Shell::new();
    shell.database = database;
    let output = shell.run(&["migrate"]);
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), message.lines().count()), (Some(1), 1), "{message}");
    message
}

#[test]
fn a_database_whose_encoding_cannot_store_all_text_is_rejected() {
    if !is_postgres() {
        return; // Text in SQLite is always UTF-8.
    }
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let options = format!("ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        let database = Database::with_options(&options);
        let message = rejection(database);
        assert!(message.contains(&format!("has the encoding {encoding}")), "{message}");
        assert!(message.contains("ENCODING 'UTF8' TEMPLATE template0"), "{message}");
    }
}

#[test]
fn a_schema_without_the_privilege_to_create_tables_is_rejected_with_the_missing_grant() {
    if !is_postgres() {
        return; // SQLite has no schemas.
    }
    for (statement, advice) in [
        (
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC, pg_database_owner",
            "GRANT CREATE ON SCHEMA public TO ",
        ),
        ("DROP SCHEMA public", "CREATE SCHEMA AUTHORIZATION "),
    ] {
        let database = Database::empty();
        database.connect().run(statement);
        let message = rejection(database);
        assert!(message.contains(advice), "{message}");
        assert!(!message.contains("permission denied"), "{message}");
    }
}
