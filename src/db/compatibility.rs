//! Whether Latchkey can use a PostgreSQL database; the start fails with advice if not.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};

use crate::base::error::{Error, Result};

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    encoding: String,
    /// The schema in which tables are created; `None` if the search path names no existing schema.
    #[diesel(sql_type = Nullable<Text>)]
    schema: Option<String>,
    #[diesel(sql_type = Bool)]
    may_create: bool,
}

/// Names are quoted as in a statement.
const FACTS: &str = "SELECT quote_ident(current_database()) AS database, \
    quote_ident(current_user) AS role, \
    pg_encoding_to_char(encoding)::text AS encoding, \
    quote_ident(current_schema()) AS schema, \
    COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create \
    FROM pg_database WHERE datname = current_database()";

/// Rejects a database that cannot store every text, or in which no table can be created. In
/// PostgreSQL 15, only the owner of a database can create tables in it unless the right is granted.
pub(super) fn check(connection: &mut PgConnection) -> Result<()> {
    let facts: Facts = diesel::sql_query(FACTS).get_result(connection)?;
    let Facts { database, role, encoding, schema, may_create } = facts;
    if encoding != "UTF8" {
        return Err(Error::Internal(format!(
            "the database {database} has the encoding {encoding}, and Latchkey needs UTF8: make \
             another with CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    let Some(schema) = schema else {
        return Err(Error::Internal(format!(
            "the database {database} has no schema in which {role} can make tables: run CREATE \
             SCHEMA AUTHORIZATION {role} in it as its owner"
        )));
    };
    if !may_create {
        return Err(Error::Internal(format!(
            "the role {role} may not make tables in the schema {schema} of the database {database}: \
             run GRANT CREATE ON SCHEMA {schema} TO {role} in it as its owner, or give Latchkey a \
             database that {role} owns"
        )));
    }
    Ok(())
}
