//! Statements for many rows at once, which diesel cannot express.

use std::thread;

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, HasSqlType, Nullable, Text, Untyped};
use diesel::sqlite::Sqlite;

use super::{Connection, Transaction, on_each};
use crate::base::clock::Timestamp;
use crate::base::error::Result;

/// How many rows one SQLite statement takes. SQLite needs longer to parse a statement than to
/// process a row, so one statement for this number of rows is cached, and one for a single row.
/// More rows would be slightly faster, but a request that waits for the processor would wait for
/// all of them.
const CACHED_ROWS: usize = 8;
/// The maximum number of rows in a PostgreSQL statement: parameters have a limit, and each
/// statement is a round trip.
const MAX_ROWS: usize = 1_000;

/// A value in a row.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Number(i64),
    Text(&'a str),
    /// Text that may be missing.
    Optional(Option<String>),
    Bytes(&'a [u8]),
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Number(at.millis())
    }
}

/// A statement: the text before the rows, the rows, and the text after them.
struct ForRows<'a, const N: usize> {
    before: &'a str,
    rows: &'a [[Value<'a>; N]],
    after: &'a str,
    is_cached: bool,
}

/// Executes a statement for `rows`, which are placed between `before` and `after`. Yields the
/// processor after every few rows.
pub(crate) fn execute_for<const N: usize>(
    tx: &mut Transaction<'_>,
    before: &str,
    rows: &[[Value<'_>; N]],
    after: &str,
) -> Result<()> {
    for (rows, is_cached) in parts(tx, rows) {
        let statement = ForRows { before, rows, after, is_cached };
        on_each!(&mut **tx, native => statement.execute(native)?);
        thread::yield_now();
    }
    Ok(())
}

/// Executes a statement like [`execute_for`], and returns the resulting rows.
pub(crate) fn load_for<const N: usize, U>(
    connection: &mut Connection,
    before: &str,
    rows: &[[Value<'_>; N]],
    after: &str,
) -> Result<Vec<U>>
where
    U: QueryableByName<Pg> + QueryableByName<Sqlite> + 'static,
{
    let mut all = Vec::with_capacity(rows.len());
    for (rows, is_cached) in parts(connection, rows) {
        let statement = ForRows { before, rows, after, is_cached };
        let some: Vec<U> = on_each!(connection, native => statement.load(native)?);
        all.extend(some);
        thread::yield_now();
    }
    Ok(all)
}

/// How many rows to prepare at a time.
pub(crate) fn at_once(connection: &Connection) -> usize {
    if matches!(connection, Connection::Sqlite(_)) { CACHED_ROWS } else { MAX_ROWS }
}

/// The rows for each statement, and whether the statement is cached.
fn parts<'a, T>(
    connection: &Connection,
    rows: &'a [T],
) -> impl Iterator<Item = (&'a [T], bool)> + use<'a, T> {
    let is_cached = matches!(connection, Connection::Sqlite(_));
    let (whole, rest) = if is_cached { rows.as_chunks::<CACHED_ROWS>() } else { (&[][..], rows) };
    let rest = rest.chunks(if is_cached { 1 } else { MAX_ROWS });
    whole.iter().map(|part| &part[..]).chain(rest).map(move |part| (part, is_cached))
}

impl<const N: usize> Query for ForRows<'_, N> {
    type SqlType = Untyped;
}

impl<const N: usize> QueryId for ForRows<'_, N> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C, const N: usize> RunQueryDsl<C> for ForRows<'_, N> {}

impl<DB, const N: usize> QueryFragment<DB> for ForRows<'_, N>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text> + HasSqlType<Binary>,
    i64: ToSql<BigInt, DB>,
    str: ToSql<Text, DB>,
    Option<String>: ToSql<Nullable<Text>, DB>,
    for<'b> &'b [u8]: ToSql<Binary, DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.is_cached {
            pass.unsafe_to_cache_prepared();
        }
        pass.push_sql(self.before);
        for (at, row) in self.rows.iter().enumerate() {
            pass.push_sql(if at == 0 { "(" } else { ", (" });
            for (at, value) in row.iter().enumerate() {
                if at > 0 {
                    pass.push_sql(", ");
                }
                match value {
                    Value::Number(number) => pass.push_bind_param::<BigInt, _>(number)?,
                    Value::Text(text) => pass.push_bind_param::<Text, str>(text)?,
                    Value::Optional(text) => pass.push_bind_param::<Nullable<Text>, _>(text)?,
                    Value::Bytes(bytes) => pass.push_bind_param::<Binary, _>(bytes)?,
                }
            }
            pass.push_sql(")");
        }
        pass.push_sql(self.after);
        Ok(())
    }
}
