//! The SQL that searches entries. Each filter has an index in the page's order, so that a page
//! costs the same with a million entries. OFFSET is never used.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::super::list::{Events, Filter, Person, Search};
use super::RecordedEntry;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Walk, keyset};
use crate::db::like::escaped;
use crate::db::schema::activity;

pub(super) type Backend = <Connection as diesel::Connection>::Backend;
pub(super) type Boxed<'a> = activity::BoxedQuery<'a, Backend>;

/// How many people the filter offers.
const PEOPLE: i64 = 500;

/// Entries, newest first. If `known` has the numbers of all matching entries, only these are read.
pub(in crate::domain::activity) fn walk(
    connection: &mut Connection,
    filter: &Filter,
    known: Option<&[i64]>,
    walk: &Walk<Timestamp, i64>,
) -> Result<Vec<RecordedEntry>> {
    let queries = match known {
        Some(numbers) => {
            vec![activity::table.into_boxed().filter(activity::number.eq_any(numbers))]
        }
        None => queries(connection, filter)?,
    };
    let mut found: Vec<RecordedEntry> = Vec::new();
    for query in queries {
        let query = keyset!(query, walk, desc(activity::at, activity::number));
        found.extend(query.select(RecordedEntry::as_select()).load(connection)?);
    }
    Ok(walk.pick(found, false, |row| (row.at, row.number)))
}

/// The numbers of at most `limit` entries that match `filter`, in no particular order.
pub(in crate::domain::activity) fn numbers(
    connection: &mut Connection,
    filter: &Filter,
    limit: usize,
) -> Result<Vec<i64>> {
    let mut numbers: Vec<i64> = Vec::new();
    for query in queries(connection, filter)? {
        let rest = i64::try_from(limit - numbers.len()).unwrap_or(i64::MAX);
        numbers.extend(query.limit(rest).select(activity::number).load::<i64>(connection)?);
        if numbers.len() >= limit {
            break;
        }
    }
    Ok(numbers)
}

/// The entries in the given range of numbers that match `filter`, oldest first.
pub(in crate::domain::activity) fn export(
    connection: &mut Connection,
    filter: &Filter,
    (from, to): (i64, i64),
) -> Result<Vec<RecordedEntry>> {
    let like = like(connection);
    let query = match &filter.events {
        None => filtered(filter, None, like),
        Some(Events::One(event)) => filtered(filter, Some(event), like),
        Some(Events::Kind(kind)) => {
            filtered(filter, None, like).filter(activity::event.like(of_kind(kind)).escape('\\'))
        }
        Some(Events::NotKind(kind)) => without_kind(filter, kind, like),
    };
    let query = query.filter(activity::number.between(from, to)).order(activity::number);
    Ok(query.select(RecordedEntry::as_select()).load(connection)?)
}

/// The queries for `filter`, one for each event. The index for one event is in the page's order; an
/// index over several events is not.
pub(super) fn queries<'a>(
    connection: &mut Connection,
    filter: &'a Filter,
) -> Result<Vec<Boxed<'a>>> {
    let like = like(connection);
    Ok(match &filter.events {
        None => vec![filtered(filter, None, like)],
        Some(Events::One(event)) => vec![filtered(filter, Some(event), like)],
        Some(Events::Kind(kind)) => {
            let start = format!("{kind}.");
            let all = names(connection)?.into_iter().filter(|name| name.starts_with(&start));
            all.map(|name| filtered(filter, Some(&name), like)).collect()
        }
        Some(Events::NotKind(kind)) => vec![without_kind(filter, kind, like)],
    })
}

fn without_kind<'a>(filter: &'a Filter, kind: &str, like: &str) -> Boxed<'a> {
    filtered(filter, None, like).filter(activity::event.not_like(of_kind(kind)).escape('\\'))
}

/// The pattern of the events of a kind.
fn of_kind(kind: &str) -> String {
    format!("{}.%", escaped(kind))
}

fn filtered<'a>(filter: &'a Filter, event: Option<&str>, like: &str) -> Boxed<'a> {
    let mut query = activity::table.into_boxed();
    if let Some(event) = event {
        query = query.filter(activity::event.eq(event.to_owned()));
    }
    if let Some(since) = filter.since {
        query = query.filter(activity::at.ge(since));
    }
    if let Some(id) = &filter.subject_id {
        query = query.filter(activity::subject_id.eq(id));
    }
    query = match &filter.person {
        None => query,
        Some(Person::Member(id)) => query.filter(activity::actor_id.eq(id)),
        Some(Person::CommandLine) => query.filter(is_non_member("command_line")),
        Some(Person::Anonymous) => query.filter(is_non_member("anonymous")),
        Some(Person::System) => query.filter(is_non_member("system")),
    };
    match &filter.search {
        Search::Nothing => query,
        Search::Subject(id) => query.filter(activity::subject_id.eq(id)),
        Search::Address(address) => query.filter(activity::address.eq(address)),
        Search::Part(part) => query.filter(contains(part, like)),
    }
}

type Condition = Box<
    dyn BoxableExpression<activity::table, Backend, SqlType = diesel::sql_types::Nullable<Bool>>,
>;

fn is_non_member(kind: &'static str) -> Condition {
    Box::new(activity::actor_id.is_null().and(activity::actor_kind.eq(kind)).nullable())
}

/// Whether a name, id or address contains `part`, ignoring case. SQLite ignores the case of ASCII
/// letters only.
fn contains(part: &str, like: &str) -> Condition {
    let pattern = format!("%{}%", escaped(part));
    let one = |start: &str, column: &str| format!("{start}activity.{column} {like} ");
    let next = |column: &str| one(" ESCAPE '\\' OR ", column);
    Box::new(
        sql::<Bool>(&one("(", "subject_name"))
            .bind::<Text, _>(pattern.clone())
            .sql(&next("subject_id"))
            .bind::<Text, _>(pattern.clone())
            .sql(&next("actor_name"))
            .bind::<Text, _>(pattern.clone())
            .sql(&next("address"))
            .bind::<Text, _>(pattern)
            .sql(" ESCAPE '\\')")
            .nullable(),
    )
}

/// The operator that compares without regard to case.
fn like(connection: &Connection) -> &'static str {
    match connection {
        Connection::Postgres(_) => "ILIKE",
        Connection::Sqlite(_) => "LIKE",
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Goes from one value to the next through the index and skips all entries that share the value.
const NAMES: &str = "WITH RECURSIVE steps(name) AS (SELECT MIN(event) FROM activity UNION ALL \
    SELECT (SELECT MIN(event) FROM activity WHERE event > steps.name) FROM steps \
    WHERE steps.name IS NOT NULL) SELECT name FROM steps WHERE name IS NOT NULL";

/// The names of all events that have been recorded.
pub(in crate::domain::activity) fn names(connection: &mut Connection) -> Result<Vec<String>> {
    let names: Vec<Name> = diesel::sql_query(NAMES).load(connection)?;
    Ok(names.into_iter().map(|name| name.name).collect())
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
}

const PEOPLE_SQL: &str = "WITH RECURSIVE steps(id) AS (SELECT MIN(actor_id) FROM activity UNION ALL \
    SELECT (SELECT MIN(actor_id) FROM activity WHERE actor_id > steps.id) FROM steps \
    WHERE steps.id IS NOT NULL) SELECT id, (SELECT actor_name FROM activity \
    WHERE actor_id = steps.id ORDER BY at DESC, number DESC LIMIT 1) AS name \
    FROM steps WHERE id IS NOT NULL LIMIT $1";

/// The id and latest name of the members who have entries.
pub(in crate::domain::activity) fn people(
    connection: &mut Connection,
) -> Result<Vec<(String, String)>> {
    let people: Vec<PersonRow> =
        diesel::sql_query(PEOPLE_SQL).bind::<BigInt, _>(PEOPLE).load(connection)?;
    Ok(people.into_iter().map(|someone| (someone.id, someone.name)).collect())
}
