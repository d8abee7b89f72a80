//! Columns that are compared with each other have the same collation. With different collations,
//! PostgreSQL cannot use an index for the comparison and reads the whole table.

use crate::support::{App, is_postgres};

/// Each column of a foreign key and the column that it references, with their collations.
const FOREIGN_KEYS: &str = "SELECT key.conrelid::regclass || '.' || source.attname || '/' || \
    source.attcollation || '/' || key.confrelid::regclass || '.' || target.attname || '/' || \
    target.attcollation AS text FROM pg_constraint key \
    CROSS JOIN LATERAL unnest(key.conkey, key.confkey) AS pair (source, target) \
    JOIN pg_attribute source ON source.attrelid = key.conrelid AND source.attnum = pair.source \
    JOIN pg_attribute target ON target.attrelid = key.confrelid AND target.attnum = pair.target \
    WHERE key.contype = 'f' AND key.connamespace = current_schema()::regnamespace";

/// Columns with Key IDs and their collations. Some have no foreign key, because their rows are kept
/// when the key is deleted.
const KEY_IDS: &str = "SELECT table_name || '.' || column_name || '/' || \
    COALESCE(collation_name, 'of the database') AS text FROM information_schema.columns \
    WHERE table_schema = current_schema() AND column_name LIKE '%key_id'";

#[test]
fn a_foreign_key_has_the_collation_of_the_column_that_it_references() {
    let app = App::new();
    if is_postgres() {
        let keys = app.texts(FOREIGN_KEYS);
        assert!(keys.len() > 15, "there are foreign keys");
        for key in keys {
            let [source, source_collation, target, target_collation] =
                key.split('/').collect::<Vec<_>>()[..]
            else {
                panic!("{key}")
            };
            assert_eq!(source_collation, target_collation, "{source} references {target}");
        }
    } else {
        let tables = "SELECT sql AS text FROM sqlite_schema WHERE sql LIKE '%COLLATE%'";
        assert!(app.texts(tables).is_empty(), "every column is compared byte by byte");
    }
}

#[test]
fn every_key_id_is_compared_byte_by_byte() {
    if !is_postgres() {
        return; // On SQLite the test above checks every column.
    }
    let columns = App::new().texts(KEY_IDS);
    assert!(columns.len() > 10, "there are Key IDs");
    for column in columns {
        assert!(column.ends_with("/C"), "{column}");
    }
}
