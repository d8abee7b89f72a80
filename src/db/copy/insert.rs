//! Inserts rows, many with each statement.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Untyped};
use diesel::sqlite::Sqlite;

use super::catalog::{Kind, Table};
use super::row::{Cell, Row};
use crate::base::error::{Error, Result};
use crate::db::Connection;

/// How many rows a cached statement of SQLite takes, which is parsed once.
const SQLITE_ROWS: usize = 8;
/// How many rows a statement of PostgreSQL takes: each statement is a round trip.
const POSTGRES_ROWS: usize = 1_000;

/// Rows for one table that wait to be inserted.
pub(super) struct Batch {
    table: Table,
    rows: Vec<Row>,
}

impl Batch {
    pub(super) fn new(table: Table) -> Self {
        Self { table, rows: Vec::with_capacity(POSTGRES_ROWS) }
    }

    pub(super) fn push(&mut self, connection: &mut Connection, row: Row) -> Result<()> {
        if row.len() != self.table.columns.len() {
            return Err(self.not_understood());
        }
        self.rows.push(row);
        if self.rows.len() < POSTGRES_ROWS { Ok(()) } else { self.flush(connection) }
    }

    pub(super) fn flush(&mut self, connection: &mut Connection) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        match connection {
            Connection::Sqlite(native) => {
                let (whole, rest) = self.rows.as_chunks::<SQLITE_ROWS>();
                for rows in whole.iter().map(|rows| &rows[..]).chain(rest.chunks(1)) {
                    let values = self.natives(rows)?;
                    InsertValues { table: &self.table, rows: values }.execute(native)?;
                }
            }
            Connection::Postgres(native) => {
                let columns = (0..self.table.columns.len()).map(|at| self.array(at));
                let arrays: Vec<Cells> = columns.collect::<Result<_>>()?;
                InsertArrays { table: &self.table, arrays }.execute(native)?;
            }
        }
        self.rows.clear();
        Ok(())
    }

    fn not_understood(&self) -> Error {
        Error::Internal(format!("a row of the table {} is not understood", self.table.name))
    }

    fn natives(&self, rows: &[Row]) -> Result<Vec<Vec<Native>>> {
        let native = |(at, cell): (usize, &Cell)| {
            let native = Native::of(cell, self.table.columns[at].kind);
            native.map_err(|Misfit| self.not_understood())
        };
        rows.iter().map(|row| row.iter().enumerate().map(native).collect()).collect()
    }

    /// The values of one column of all rows.
    fn array(&self, at: usize) -> Result<Cells> {
        let column = &self.table.columns[at];
        let cells = || self.rows.iter().map(|row| &row[at]);
        let has_nul = cells().any(|cell| matches!(cell, Cell::Text(text) if text.contains('\0')));
        if has_nul {
            return Err(Error::Internal(format!(
                "the column {} of the table {} holds a NUL character, which PostgreSQL cannot \
                 store",
                column.name, self.table.name
            )));
        }
        Cells::of(cells(), column.kind).map_err(|Misfit| self.not_understood())
    }
}

/// A value as SQLite stores it.
enum Native {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Native {
    fn of(cell: &Cell, kind: Kind) -> Result<Self, Misfit> {
        Ok(match kind {
            Kind::Number | Kind::SmallNumber | Kind::Flag => Self::Number(number(cell)?),
            Kind::Text => Self::Text(text(cell)?),
            Kind::Bytes => Self::Bytes(bytes(cell)?),
        })
    }
}

/// The values of one column as PostgreSQL stores them.
enum Cells {
    Numbers(Vec<Option<i64>>),
    SmallNumbers(Vec<Option<i32>>),
    Flags(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Cells {
    fn of<'a>(cells: impl Iterator<Item = &'a Cell>, kind: Kind) -> Result<Self, Misfit> {
        Ok(match kind {
            Kind::Number => Self::Numbers(cells.map(number).collect::<Result<_, _>>()?),
            Kind::SmallNumber => {
                let small = |cell| number(cell)?.map(i32::try_from).transpose().map_err(|_| Misfit);
                Self::SmallNumbers(cells.map(small).collect::<Result<_, _>>()?)
            }
            Kind::Flag => Self::Flags(cells.map(flag).collect::<Result<_, _>>()?),
            Kind::Text => Self::Texts(cells.map(text).collect::<Result<_, _>>()?),
            Kind::Bytes => Self::Bytes(cells.map(bytes).collect::<Result<_, _>>()?),
        })
    }
}

/// A cell has a value that its column cannot store.
struct Misfit;

fn number(cell: &Cell) -> Result<Option<i64>, Misfit> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Number(number) => Ok(Some(*number)),
        Cell::Text(_) => Err(Misfit),
    }
}

fn flag(cell: &Cell) -> Result<Option<bool>, Misfit> {
    match number(cell)? {
        None => Ok(None),
        Some(0) => Ok(Some(false)),
        Some(1) => Ok(Some(true)),
        Some(_) => Err(Misfit),
    }
}

fn text(cell: &Cell) -> Result<Option<String>, Misfit> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Text(text) => Ok(Some(text.clone())),
        Cell::Number(_) => Err(Misfit),
    }
}

fn bytes(cell: &Cell) -> Result<Option<Vec<u8>>, Misfit> {
    let Some(hex) = text(cell)? else { return Ok(None) };
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.filter(|_| rest.is_empty()).map(Some).ok_or(Misfit)
}

/// `INSERT INTO … VALUES (…), (…)`.
struct InsertValues<'a> {
    table: &'a Table,
    rows: Vec<Vec<Native>>,
}

/// `INSERT INTO … SELECT * FROM unnest(…)`, with one array for each column.
struct InsertArrays<'a> {
    table: &'a Table,
    arrays: Vec<Cells>,
}

fn push_into<DB: Backend>(pass: &mut AstPass<'_, '_, DB>, table: &Table) {
    pass.push_sql("INSERT INTO \"");
    pass.push_sql(&table.name);
    for (at, column) in table.columns.iter().enumerate() {
        pass.push_sql(if at == 0 { "\" (\"" } else { "\", \"" });
        pass.push_sql(&column.name);
    }
    pass.push_sql("\") ");
}

impl QueryFragment<Sqlite> for InsertValues<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        push_into(&mut pass, self.table);
        for (at, row) in self.rows.iter().enumerate() {
            pass.push_sql(if at == 0 { "VALUES (" } else { ", (" });
            for (at, value) in row.iter().enumerate() {
                if at > 0 {
                    pass.push_sql(", ");
                }
                match value {
                    Native::Number(value) => pass.push_bind_param::<Nullable<BigInt>, _>(value)?,
                    Native::Text(value) => pass.push_bind_param::<Nullable<Text>, _>(value)?,
                    Native::Bytes(value) => pass.push_bind_param::<Nullable<Binary>, _>(value)?,
                }
            }
            pass.push_sql(")");
        }
        Ok(())
    }
}

impl QueryFragment<Pg> for InsertArrays<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        push_into(&mut pass, self.table);
        for (at, cells) in self.arrays.iter().enumerate() {
            pass.push_sql(if at == 0 { "SELECT * FROM unnest(" } else { ", " });
            match cells {
                Cells::Numbers(all) => pass.push_bind_param::<Array<Nullable<BigInt>>, _>(all)?,
                Cells::SmallNumbers(all) => {
                    pass.push_bind_param::<Array<Nullable<Integer>>, _>(all)?;
                }
                Cells::Flags(all) => pass.push_bind_param::<Array<Nullable<Bool>>, _>(all)?,
                Cells::Texts(all) => pass.push_bind_param::<Array<Nullable<Text>>, _>(all)?,
                Cells::Bytes(all) => pass.push_bind_param::<Array<Nullable<Binary>>, _>(all)?,
            }
        }
        pass.push_sql(")");
        Ok(())
    }
}

macro_rules! statement {
    ($name:ident) => {
        impl Query for $name<'_> {
            type SqlType = Untyped;
        }

        impl QueryId for $name<'_> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }

        impl<C> RunQueryDsl<C> for $name<'_> {}
    };
}
statement!(InsertValues);
statement!(InsertArrays);
