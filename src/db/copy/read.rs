//! Reads the rows of tables, in one state of the database and in the order of their keys.

use std::collections::BTreeMap;

use diesel::connection::{DefaultLoadingMode, SimpleConnection as _};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::sql_types::{BigInt, Text};
use diesel::{RunQueryDsl as _, sql_query};

use super::catalog::{Column, Kind, Table};
use super::row::{self, Row, Sum, Summing};
use crate::base::error::Result;
use crate::base::progress::Progress;
use crate::db::Connection;

/// How many rows are reported as progress at once.
const REPORTED: u64 = 1_000;

/// Begins a transaction in which every statement reads the same state, whatever others write.
pub(super) fn begin(connection: &mut Connection) -> Result<()> {
    Ok(connection.batch_execute(match connection {
        Connection::Sqlite(_) => "BEGIN",
        Connection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    })?)
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Calls `work` with each row of `table`, without having all of them in memory.
pub(super) fn each_row(
    connection: &mut Connection,
    table: &Table,
    work: &mut dyn FnMut(Row) -> Result<()>,
) -> Result<()> {
    let query = sql_query(select(connection, table));
    let mut work = |line: diesel::QueryResult<Line>| work(row::parse(&line?.line)?);
    match connection {
        Connection::Sqlite(native) => {
            query.load_iter::<Line, DefaultLoadingMode>(native)?.try_for_each(&mut work)
        }
        Connection::Postgres(native) => {
            query.load_iter::<Line, PgRowByRowLoadingMode>(native)?.try_for_each(&mut work)
        }
    }
}

fn select(connection: &Connection, table: &Table) -> String {
    let is_sqlite = matches!(connection, Connection::Sqlite(_));
    let cells: Vec<_> = table.columns.iter().map(|column| rendered(column, is_sqlite)).collect();
    // Texts are compared byte by byte, as SQLite does, and not by the rules of a language.
    let key: Vec<_> = (table.key.iter())
        .map(|column| match (is_sqlite, column.kind) {
            (false, Kind::Text) => format!("\"{}\" COLLATE \"C\"", column.name),
            _ => format!("\"{}\"", column.name),
        })
        .collect();
    let array = if is_sqlite { "json_array({})" } else { "CAST(json_build_array({}) AS TEXT)" };
    let array = array.replace("{}", &cells.join(", "));
    format!("SELECT {array} AS line FROM \"{}\" ORDER BY {}", table.name, key.join(", "))
}

fn rendered(column: &Column, is_sqlite: bool) -> String {
    let name = &column.name;
    match (column.kind, is_sqlite) {
        // `hex` makes an empty text of NULL.
        (Kind::Bytes, true) => {
            format!("CASE WHEN \"{name}\" IS NOT NULL THEN lower(hex(\"{name}\")) END")
        }
        (Kind::Bytes, false) => format!("encode(\"{name}\", 'hex')"),
        (Kind::Flag, false) => format!("CAST(\"{name}\" AS INTEGER)"),
        _ => format!("\"{name}\""),
    }
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many rows `tables` have together.
pub(super) fn count(connection: &mut Connection, tables: &[Table]) -> Result<u64> {
    let mut total = 0;
    for table in tables {
        let sql = format!("SELECT COUNT(*) AS count FROM \"{}\"", table.name);
        let Count { count } = sql_query(sql).get_result(connection)?;
        total += count.unsigned_abs();
    }
    Ok(total)
}

/// Counts and digests the rows of each of `tables`.
pub(super) fn sums(
    connection: &mut Connection,
    tables: &[Table],
    progress: &mut dyn Progress,
) -> Result<BTreeMap<String, Sum>> {
    let mut sums = BTreeMap::new();
    let mut steps = Steps::new(progress);
    for table in tables {
        let mut summing = Summing::default();
        each_row(connection, table, &mut |row| {
            summing.add(&row::canonical(&row)?);
            steps.advance();
            Ok(())
        })?;
        sums.insert(table.name.clone(), summing.finish());
    }
    Ok(sums)
}

/// Reports rows as progress, a thousand at a time.
pub(super) struct Steps<'a> {
    progress: &'a mut dyn Progress,
    rows: u64,
}

impl<'a> Steps<'a> {
    pub(super) fn new(progress: &'a mut dyn Progress) -> Self {
        Self { progress, rows: 0 }
    }

    pub(super) fn advance(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(REPORTED) {
            self.progress.advance(REPORTED);
        }
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        self.progress.advance(self.rows % REPORTED);
    }
}
