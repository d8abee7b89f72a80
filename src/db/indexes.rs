//! Fills tables with many rows: recreating indexes afterwards is faster than updating them for each
//! row.

use diesel::QueryableByName;
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;

use super::{Connection, Transaction};
use crate::base::error::Result;

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// The amount that SQLite may cache during the work: the primary keys are random, so every page of
/// their indexes is needed constantly.
const CACHE: &str = "PRAGMA cache_size = -131072";
const USUAL_CACHE: &str = "PRAGMA cache_size = -2000";

/// Runs `work` without the indexes of `tables`, then recreates them and updates the database's
/// statistics. Indexes of primary keys stay.
pub fn without_indexes<T>(
    tx: &mut Transaction<'_>,
    tables: &[&str],
    work: impl FnOnce(&mut Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let is_sqlite = matches!(**tx, Connection::Sqlite(_));
    if is_sqlite {
        tx.batch_execute(CACHE)?;
    }
    let mut indexes = Vec::new();
    for table in tables {
        indexes.extend(of(tx, table)?);
    }
    for index in &indexes {
        tx.batch_execute(&format!("DROP INDEX {}", index.name))?;
    }
    let outcome = work(tx)?;
    for index in &indexes {
        tx.batch_execute(&index.definition)?;
    }
    if is_sqlite {
        tx.batch_execute(USUAL_CACHE)?;
    } else {
        // Without statistics, PostgreSQL plans for nearly empty tables.
        tx.batch_execute(&format!("ANALYZE {}", tables.join(", ")))?;
    }
    Ok(outcome)
}

fn of(tx: &mut Transaction<'_>, table: &str) -> Result<Vec<Index>> {
    let sql = match **tx {
        Connection::Postgres(_) => {
            "SELECT i.indexname::text AS name, i.indexdef AS definition FROM pg_indexes i \
             WHERE i.schemaname = current_schema() AND i.tablename = $1 AND NOT EXISTS \
             (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)"
        }
        Connection::Sqlite(_) => {
            "SELECT name, sql AS definition FROM sqlite_schema \
             WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL"
        }
    };
    Ok(diesel::sql_query(sql).bind::<Text, _>(table).load(&mut **tx)?)
}
