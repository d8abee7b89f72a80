//! The SQL of the terms: the names, ids and addresses in entries. There are far fewer terms than
//! entries, so a search reads all terms first, and then only the entries that have a matching term.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::super::list::{Filter, Search};
use super::search::{Boxed, numbers, queries};
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::like::escaped;
use crate::db::schema::activity;

/// The largest number of matching terms for which entries are looked up by term. A text that
/// matches more terms is so common that a scan soon finds entries that contain it.
const TERMS: usize = 1000;

/// The numbers of at most `limit` entries that match `filter` and contain `part`, in no particular
/// order.
pub(in crate::domain::activity) fn numbers_with(
    connection: &mut Connection,
    filter: &Filter,
    part: &str,
    limit: usize,
) -> Result<Vec<i64>> {
    let terms = terms(connection, part, TERMS + 1)?;
    if terms.len() > TERMS {
        return numbers(connection, filter, limit);
    }
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter { search: Search::Nothing, ..filter.clone() };
    let mut found = BTreeSet::new();
    // One column at a time, because each has its own index.
    for having in [with_subject_name, with_subject_id, with_actor_name, with_address] {
        for query in queries(connection, &filter)? {
            let query = having(query, &terms).limit(i64::try_from(limit).unwrap_or(i64::MAX));
            found.extend(query.select(activity::number).load::<i64>(connection)?);
            if found.len() >= limit {
                return Ok(found.into_iter().take(limit).collect());
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn with_subject_name<'a>(query: Boxed<'a>, terms: &'a [String]) -> Boxed<'a> {
    query.filter(activity::subject_name.eq_any(terms))
}

fn with_subject_id<'a>(query: Boxed<'a>, terms: &'a [String]) -> Boxed<'a> {
    query.filter(activity::subject_id.eq_any(terms))
}

fn with_actor_name<'a>(query: Boxed<'a>, terms: &'a [String]) -> Boxed<'a> {
    query.filter(activity::actor_name.eq_any(terms))
}

fn with_address<'a>(query: Boxed<'a>, terms: &'a [String]) -> Boxed<'a> {
    query.filter(activity::address.eq_any(terms))
}

/// At most `limit` terms that contain `part`, ignoring case. SQLite ignores the case of ASCII
/// letters only.
fn terms(connection: &mut Connection, part: &str, limit: usize) -> Result<Vec<String>> {
    let contains = match connection {
        Connection::Postgres(_) => "small LIKE lower($1)",
        Connection::Sqlite(_) => "term LIKE $1",
    };
    let sql = format!("SELECT term FROM activity_terms WHERE {contains} ESCAPE '\\' LIMIT $2");
    let found: Vec<Term> = diesel::sql_query(sql)
        .bind::<Text, _>(format!("%{}%", escaped(part)))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(connection)?;
    Ok(found.into_iter().map(|Term { term }| term).collect())
}

#[derive(QueryableByName)]
struct Term {
    #[diesel(sql_type = Text)]
    term: String,
}
