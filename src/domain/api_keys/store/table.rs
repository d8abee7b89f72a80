//! The SQL of the table of keys: pages with keyset pagination.
//!
//! Each view and order has an index to walk along, so that a page costs the same with a million
//! keys. OFFSET is never used.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::super::list::Search;
use super::super::{Direction, Filter, KeyId, Sort, View};
use super::ApiKey;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::db::keyset::{Walk, keyset};
use crate::db::like::escaped;
use crate::db::schema::{api_key_labels, api_keys};

type Backend = <Connection as diesel::Connection>::Backend;
type Boxed<'a> = api_keys::BoxedQuery<'a, Backend>;

/// At most `limit` Key IDs that match `filter`, in no particular order. A view with few keys has an
/// index that finds them.
pub(in crate::domain::api_keys) fn ids(
    connection: &mut Connection,
    filter: &Filter,
    now: Timestamp,
    has_few: bool,
    limit: i64,
) -> Result<Vec<String>> {
    let search = Search::new(&filter.search);
    if matches!(search, Search::Part(_)) && !has_few {
        return scan(connection, filter, now, limit);
    }
    let query = match search {
        Search::KeyId(id) => in_view(filter, now).filter(api_keys::id.eq(id)),
        Search::KeyIdStart(start) => {
            let end = end_of_range(&start);
            in_view(filter, now).filter(api_keys::id.ge(start)).filter(api_keys::id.lt(end))
        }
        _ => searched(filter, now),
    };
    let query = match &filter.role_id {
        Some(role_id) => query.filter(api_keys::role_id.eq(role_id)),
        None => query,
    };
    let query = match filter.view {
        View::Attention => query.order(api_keys::attention_at.desc()),
        _ => query,
    };
    let query = with_owner_and_label(query, filter);
    Ok(query.limit(limit).select(api_keys::id).load(connection)?)
}

/// Like [`ids`], but reads one of the search indexes completely. The order and the sums, which do
/// not change the result, keep the database from using another index and reading a row for each of
/// its entries.
fn scan(
    connection: &mut Connection,
    filter: &Filter,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<String>> {
    let query = match filter.view {
        View::Attention => with_search(live(), filter)
            .filter((api_keys::attention_at + 0).le(now))
            .filter((api_keys::expires_at + 0).gt(now)),
        View::Expired => with_search(live(), filter).filter((api_keys::expires_at + 0).le(now)),
        View::All | View::Disabled | View::Revoked => searched(filter, now),
    };
    let query = match &filter.role_id {
        Some(role_id) => query.filter(api_keys::role_id.concat("").eq(role_id)),
        None => query,
    };
    let query = match filter.environment {
        Some(environment) => query.filter(api_keys::environment.eq(environment)),
        None => query,
    };
    let query = with_owner_and_label(query, filter);
    Ok(query.order(api_keys::id).limit(limit).select(api_keys::id).load(connection)?)
}

/// The keys of a walk along the order. Keys that do not match `filter` are skipped.
pub(in crate::domain::api_keys) fn walk(
    connection: &mut Connection,
    filter: &Filter,
    walk: &Walk<String>,
    now: Timestamp,
) -> Result<Vec<ApiKey>> {
    let query = match &filter.role_id {
        // The empty text keeps the database from using an index on this column instead of the
        // order's index; so it does for the owner, and EXISTS for the label.
        Some(role_id) => searched(filter, now).filter(api_keys::role_id.concat("").eq(role_id)),
        None => searched(filter, now),
    };
    let query = match filter.owner.as_str() {
        "" => query,
        owner => query.filter(api_keys::owner.concat("").eq(owner)),
    };
    let query = match &filter.label {
        Some((name, value)) => query.filter(exists(
            api_key_labels::table
                .filter(api_key_labels::key_id.eq(api_keys::id))
                .filter(api_key_labels::name.eq(name))
                .filter(api_key_labels::value.eq(value)),
        )),
        None => query,
    };
    load(connection, query, filter, walk)
}

/// For queries that look keys up: an owner and a label have indexes.
fn with_owner_and_label<'a>(query: Boxed<'a>, filter: &'a Filter) -> Boxed<'a> {
    let query = match filter.owner.as_str() {
        "" => query,
        // The comparison with the empty text lets the database use the index, which has only keys
        // with an owner.
        owner => query.filter(api_keys::owner.eq(owner)).filter(api_keys::owner.ne("")),
    };
    let Some((name, value)) = &filter.label else { return query };
    let labelled = api_key_labels::table
        .filter(api_key_labels::name.eq(name))
        .filter(api_key_labels::value.eq(value))
        .select(api_key_labels::key_id);
    query.filter(api_keys::id.eq_any(labelled))
}

/// The keys of a walk through the keys with the given ids.
pub(in crate::domain::api_keys) fn among(
    connection: &mut Connection,
    filter: &Filter,
    walk: &Walk<String>,
    ids: &[String],
) -> Result<Vec<ApiKey>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = api_keys::table.into_boxed().filter(api_keys::id.eq_any(ids));
    load(connection, query, filter, walk)
}

fn load(
    connection: &mut Connection,
    query: Boxed<'_>,
    filter: &Filter,
    walk: &Walk<String>,
) -> Result<Vec<ApiKey>> {
    let ascending = filter.direction == Direction::Ascending;
    let id = api_keys::id;
    let numbers = walk.map(|(value, id)| Some((value.parse::<i64>().ok()?, id.clone())));
    let query = match filter.sort {
        Sort::Created => keyset!(query, &numbers, by(ascending, api_keys::created_at, id)),
        Sort::Name => keyset!(query, walk, by(ascending, api_keys::name_sort, id)),
        Sort::LastUsed => keyset!(query, &numbers, by(ascending, api_keys::last_used_at, id)),
        Sort::Expires => keyset!(query, &numbers, by(ascending, api_keys::expires_at, id)),
    };
    Ok(query.select(ApiKey::as_select()).load(connection)?)
}

/// The keys that match the view and the environment.
fn in_view(filter: &Filter, now: Timestamp) -> Boxed<'_> {
    let query = match filter.view {
        View::All => live(),
        View::Attention => {
            live().filter(api_keys::attention_at.le(now)).filter(api_keys::expires_at.gt(now))
        }
        View::Disabled => live()
            .filter(api_keys::disabled_at.is_not_null())
            .filter((api_keys::expires_at + 0).gt(now)),
        View::Expired => live().filter(api_keys::expires_at.le(now)),
        View::Revoked => api_keys::table.into_boxed().filter(api_keys::revoked_at.is_not_null()),
    };
    match filter.environment {
        Some(environment) => query.filter(api_keys::environment.eq(environment)),
        None => query,
    }
}

fn live<'a>() -> Boxed<'a> {
    api_keys::table.into_boxed().filter(api_keys::revoked_at.is_null())
}

/// The keys that match the view, the environment and the search. There is no index for the search.
fn searched(filter: &Filter, now: Timestamp) -> Boxed<'_> {
    with_search(in_view(filter, now), filter)
}

fn with_search<'a>(query: Boxed<'a>, filter: &'a Filter) -> Boxed<'a> {
    match Search::new(&filter.search) {
        Search::Nothing => query,
        Search::KeyId(id) => query.filter(api_keys::id.eq(id)),
        Search::KeyIdStart(start) => {
            let end = end_of_range(&start);
            query.filter(api_keys::id.concat("").ge(start)).filter(api_keys::id.concat("").lt(end))
        }
        Search::Part(part) => {
            let name = api_keys::search_text.like(format!("%{}%", escaped(&text::fold(&part))));
            match id_pattern(&part) {
                Some(id) => query.filter(name.escape('\\').or(api_keys::id.like(id).escape('\\'))),
                None => query.filter(name.escape('\\')),
            }
        }
    }
}

/// The end of the range of Key IDs that start with `start`: '~' sorts after every character of a
/// Key ID.
fn end_of_range(start: &str) -> String {
    format!("{start}~")
}

/// A LIKE pattern for Key IDs that contain `part`. All Key IDs have the same prefix, so a part of
/// the prefix only matches together with the characters after it.
fn id_pattern(part: &str) -> Option<String> {
    let prefix = escaped(KeyId::PREFIX);
    let upper = part.to_ascii_uppercase();
    for (start, _) in KeyId::PREFIX.char_indices() {
        let end_of_prefix = KeyId::PREFIX[start..].to_ascii_uppercase();
        if let Some(rest) = upper.strip_prefix(&end_of_prefix) {
            return (!rest.is_empty()).then(|| format!("{prefix}{}%", escaped(rest)));
        }
    }
    Some(format!("{prefix}%{}%", escaped(&upper)))
}
