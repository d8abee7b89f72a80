//! PostgreSQL databases that cannot be Latchkey's are refused at the start, with what to do.

use crate::support::{Database, Shell, is_postgres};

/// What `latchkey migrate` says of `database`, in one line.
fn refusal(database: Database) -> String {
    let mut shell = Shell::new();
    shell.database = database;
    let output = shell.run(&["migrate"]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    said
}

#[test]
fn a_database_that_cannot_hold_every_text_is_refused() {
    if !is_postgres() {
        return; // SQLite's text is always UTF-8.
    }
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let options = format!("ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        let database = Database::made_with(&options);
        let said = refusal(database);
        assert!(said.contains(&format!("has the encoding {encoding}")), "{said}");
        assert!(said.contains("ENCODING 'UTF8' TEMPLATE template0"), "{said}");
    }
}

#[test]
fn a_schema_in_which_no_table_can_be_made_is_refused_with_the_grant_that_is_missing() {
    if !is_postgres() {
        return; // A file has no schemas.
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
        let said = refusal(database);
        assert!(said.contains(advice), "{said}");
        assert!(!said.contains("permission denied"), "{said}");
    }
}
