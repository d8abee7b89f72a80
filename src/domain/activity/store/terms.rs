//! The SQL of the names, ids and addresses that entries have. There are far fewer of these than
//! entries: a search reads them all, and then only entries that have what it found.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::super::list::{Filter, Search};
use super::search::{Boxed, escaped, numbers, queries};
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::schema::activity;

/// Up to how many terms entries are found by; a part of more is so common that entries which hold it
/// are soon met.
const TERMS: usize = 1000;

/// The numbers of at most `limit` entries that `filter` lets through and that hold `part`, in no
/// order of use.
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
    // Column by column, since each has an index of its own.
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

/// At most `limit` terms that hold `part`, in whatever case: on SQLite of ASCII letters alone.
fn terms(connection: &mut Connection, part: &str, limit: usize) -> Result<Vec<String>> {
    let holds = match connection {
        Connection::Postgres(_) => "small LIKE lower($1)",
        Connection::Sqlite(_) => "term LIKE $1",
    };
    let sql = format!("SELECT term FROM activity_terms WHERE {holds} ESCAPE '\\' LIMIT $2");
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
