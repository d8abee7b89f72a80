//! Columns that are compared with one another are compared by the same rules. Where they are not,
//! PostgreSQL cannot enter an index at a value of the other column, and reads the whole table.

use crate::support::{App, is_postgres};

/// Each column of a foreign key with the one that it refers to, and the collation of both.
const FOREIGN_KEYS: &str = "SELECT key.conrelid::regclass || '.' || source.attname || '/' || \
    source.attcollation || '/' || key.confrelid::regclass || '.' || target.attname || '/' || \
    target.attcollation AS text FROM pg_constraint key \
    CROSS JOIN LATERAL unnest(key.conkey, key.confkey) AS pair (source, target) \
    JOIN pg_attribute source ON source.attrelid = key.conrelid AND source.attnum = pair.source \
    JOIN pg_attribute target ON target.attrelid = key.confrelid AND target.attnum = pair.target \
    WHERE key.contype = 'f' AND key.connamespace = current_schema()::regnamespace";

/// Columns that hold Key IDs without a foreign key, since they outlive the key, and their collations.
const KEY_IDS: &str = "SELECT table_name || '.' || column_name || '/' || \
    COALESCE(collation_name, 'of the database') AS text FROM information_schema.columns \
    WHERE table_schema = current_schema() AND column_name LIKE '%key_id'";

#[test]
fn a_foreign_key_has_the_collation_of_what_it_refers_to() {
    let app = App::new();
    if is_postgres() {
        let keys = app.texts(FOREIGN_KEYS);
        assert!(keys.len() > 15, "there are foreign keys");
        for key in keys {
            let [source, own, target, its] = key.split('/').collect::<Vec<_>>()[..] else {
                panic!("{key}")
            };
            assert_eq!(own, its, "{source} refers to {target}");
        }
    } else {
        let tables = "SELECT sql AS text FROM sqlite_schema WHERE sql LIKE '%COLLATE%'";
        assert!(app.texts(tables).is_empty(), "every column is compared byte by byte");
    }
}

#[test]
fn every_key_id_is_compared_byte_by_byte() {
    if !is_postgres() {
        return; // As the test above has it of all columns.
    }
    let columns = App::new().texts(KEY_IDS);
    assert!(columns.len() > 10, "there are Key IDs");
    for column in columns {
        assert!(column.ends_with("/C"), "{column}");
    }
}
