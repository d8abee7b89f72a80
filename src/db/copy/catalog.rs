//! Which tables and columns are carried, and how a database stores them.
//!
//! The migrations are run on an empty database in memory, whose catalog says which tables the
//! program has. So a table that somebody else added to the database is left alone, and no list of
//! tables has to be kept.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Text};
use diesel::{RunQueryDsl as _, sql_query};

use super::NOT_CARRIED;
use crate::base::error::{Error, Result};
use crate::db::{Connection, migrate};

/// A table that is carried.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of the primary key, in its order.
    pub key: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// How the database at hand stores a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    SmallNumber,
    Flag,
    Text,
    Bytes,
}

impl Kind {
    fn parse(native: &str) -> Option<Self> {
        Some(match native {
            "INTEGER" | "bigint" => Self::Number,
            "integer" => Self::SmallNumber,
            "boolean" => Self::Flag,
            "TEXT" | "text" => Self::Text,
            "BLOB" | "bytea" => Self::Bytes,
            _ => return None,
        })
    }
}

impl Table {
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The same table with its columns in the order of `names`, as a file has them.
    pub(super) fn ordered(&self, names: &[String]) -> Result<Self> {
        let find = |name: &String| self.columns.iter().find(|column| column.name == *name).cloned();
        let columns: Option<Vec<_>> = names.iter().map(find).collect();
        match columns {
            Some(columns) if columns.len() == self.columns.len() => {
                Ok(Self { name: self.name.clone(), columns, key: self.key.clone() })
            }
            _ => Err(Error::Internal(format!("the table {} has other columns", self.name))),
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Declared {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    /// The place in the primary key, from 1; 0 outside it.
    #[diesel(sql_type = BigInt)]
    place: i64,
}

/// Generated columns are not listed: the database computes them again.
const SQLITE: &str = "SELECT t.name AS table_name, c.name AS column_name, c.type AS kind, \
    c.pk AS place FROM sqlite_schema AS t, pragma_table_info(t.name) AS c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    AND t.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' ORDER BY t.name, c.cid";

const POSTGRES: &str = "SELECT c.relname::text AS table_name, a.attname::text AS column_name, \
    format_type(a.atttypid, a.atttypmod) AS kind, CAST(0 AS BIGINT) AS place \
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
    WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) \
    AND c.relnamespace <> 'pg_catalog'::regnamespace \
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''";

/// The tables of a database that has had `migrations`, by name, as `connection` stores them.
pub(super) fn tables(connection: &mut Connection, migrations: &[String]) -> Result<Vec<Table>> {
    let mut reference = migrate::in_memory(migrations)?;
    let declared: Vec<Declared> = sql_query(SQLITE).load(&mut reference)?;
    let native = match connection {
        Connection::Sqlite(_) => None,
        Connection::Postgres(_) => Some(native_kinds(connection)?),
    };
    let mut tables: Vec<Table> = Vec::new();
    let mut places = Vec::new();
    for row in declared {
        if NOT_CARRIED.contains(&row.table_name.as_str()) {
            continue;
        }
        let kind = match &native {
            None => Kind::parse(&row.kind),
            Some(native) => {
                let place = (row.table_name.clone(), row.column_name.clone());
                native.get(&place).and_then(|kind| Kind::parse(kind))
            }
        };
        let Some(kind) = kind else {
            let (table, column) = (row.table_name, row.column_name);
            return Err(Error::Internal(format!(
                "the column {column} of the table {table} is not as Latchkey made it"
            )));
        };
        let column = Column { name: row.column_name, kind };
        if tables.last().is_none_or(|table| table.name != row.table_name) {
            tables.push(Table { name: row.table_name, columns: Vec::new(), key: Vec::new() });
            places.clear();
        }
        let Some(table) = tables.last_mut() else { continue };
        if row.place > 0 {
            let at = places.partition_point(|place| *place < row.place);
            places.insert(at, row.place);
            table.key.insert(at, column.clone());
        }
        table.columns.push(column);
    }
    Ok(tables)
}

fn native_kinds(connection: &mut Connection) -> Result<BTreeMap<(String, String), String>> {
    let rows: Vec<Declared> = sql_query(POSTGRES).load(connection)?;
    let named = rows.into_iter().map(|row| ((row.table_name, row.column_name), row.kind));
    Ok(named.collect())
}

/// Whether there is any table in the schema that Latchkey would make its own in.
pub(super) fn is_empty(connection: &mut Connection) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    // What an extension made, such as a view of statistics, is not in the way.
    let sql = match connection {
        Connection::Sqlite(_) => "SELECT COUNT(*) AS count FROM sqlite_schema",
        Connection::Postgres(_) => {
            "SELECT COUNT(*) AS count FROM pg_class AS c \
             WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND NOT EXISTS \
             (SELECT 1 FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass \
              AND d.objid = c.oid AND d.deptype = 'e')"
        }
    };
    let Count { count } = sql_query(sql).get_result(connection)?;
    Ok(count == 0)
}
