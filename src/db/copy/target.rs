//! Fills a new database with the rows of another.
//!
//! Triggers, foreign keys and indexes are put away until all rows are there. The rows include what
//! triggers made of others, tables can be filled in any order, and this is much faster.

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{RunQueryDsl as _, sql_query};

use super::catalog::Table;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction, without_indexes};

/// What was put away: the statements that bring it back.
struct PutAway(Vec<String>);

#[derive(diesel::QueryableByName)]
struct Object {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

const TRIGGERS: &str = "SELECT tbl_name AS table_name, name, sql AS definition \
    FROM sqlite_schema WHERE type = 'trigger'";

const FOREIGN_KEYS: &str = "SELECT conrelid::regclass::text AS table_name, \
    quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint \
    WHERE contype = 'f' AND connamespace = quote_ident(current_schema())::regnamespace \
    ORDER BY 1, 2";

/// Empties `tables`, into which migrations have put rows, and lets `fill` insert all rows. SQLite
/// must not enforce foreign keys on this connection.
pub(super) fn fill(
    tx: &mut Transaction<'_>,
    tables: &[Table],
    fill: impl FnOnce(&mut Transaction<'_>) -> Result<()>,
) -> Result<()> {
    let put_away = put_away(tx, tables)?;
    for table in tables {
        tx.batch_execute(&format!("DELETE FROM \"{}\"", table.name))?;
    }
    let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
    without_indexes(tx, &names, fill)?;
    for statement in put_away.0 {
        tx.batch_execute(&statement)?;
    }
    check_references(tx)
}

fn put_away(tx: &mut Transaction<'_>, tables: &[Table]) -> Result<PutAway> {
    let mut back = Vec::new();
    match **tx {
        Connection::Sqlite(_) => {
            for trigger in sql_query(TRIGGERS).load::<Object>(&mut **tx)? {
                tx.batch_execute(&format!("DROP TRIGGER \"{}\"", trigger.name))?;
                back.push(trigger.definition);
            }
        }
        Connection::Postgres(_) => {
            for key in sql_query(FOREIGN_KEYS).load::<Object>(&mut **tx)? {
                let Object { table_name, name, definition } = key;
                tx.batch_execute(&format!("ALTER TABLE {table_name} DROP CONSTRAINT {name}"))?;
                back.push(format!("ALTER TABLE {table_name} ADD CONSTRAINT {name} {definition}"));
            }
            for table in tables.iter().map(|table| &table.name) {
                tx.batch_execute(&format!("ALTER TABLE \"{table}\" DISABLE TRIGGER USER"))?;
                back.push(format!("ALTER TABLE \"{table}\" ENABLE TRIGGER USER"));
            }
        }
    }
    Ok(PutAway(back))
}

/// PostgreSQL checks every row when a foreign key is added; SQLite is asked.
fn check_references(tx: &mut Transaction<'_>) -> Result<()> {
    #[derive(diesel::QueryableByName)]
    struct Missing {
        #[diesel(sql_type = Text)]
        table_name: String,
    }
    if matches!(**tx, Connection::Postgres(_)) {
        return Ok(());
    }
    let sql = "SELECT \"table\" AS table_name FROM pragma_foreign_key_check LIMIT 1";
    match sql_query(sql).load::<Missing>(&mut **tx)?.pop() {
        None => Ok(()),
        Some(Missing { table_name }) => Err(Error::Internal(format!(
            "a row of the table {table_name} refers to a row that does not exist"
        ))),
    }
}
