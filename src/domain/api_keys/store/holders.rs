//! The SQL that finds the keys with a role or a scope. All results are bounded.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::ApiKey;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::{api_key_scopes, api_keys};
use crate::db::{Connection, Transaction};

type Backend = <Connection as diesel::Connection>::Backend;
type Boxed<'a> = api_keys::BoxedQuery<'a, Backend>;

/// The number of keys with the role, up to `limit`.
pub(in crate::domain::api_keys) fn of_role(
    connection: &mut Connection,
    role_id: &str,
    which: KeyFilter,
    limit: i64,
) -> Result<i64> {
    let query = api_keys::table.into_boxed().filter(api_keys::role_id.eq(role_id));
    let query = match which {
        KeyFilter::Revoked => query.filter(api_keys::revoked_at.is_not_null()),
        KeyFilter::Live => query.filter(api_keys::revoked_at.is_null()),
        KeyFilter::LiveWithAll => {
            query.filter(api_keys::revoked_at.is_null()).filter(api_keys::all_role_scopes.eq(true))
        }
        KeyFilter::UnexpiredWithAll(now) => query
            .filter(api_keys::revoked_at.is_null())
            .filter(api_keys::all_role_scopes.eq(true))
            // An expression, so that SQLite finds the keys by their role.
            .filter((api_keys::expires_at + 0).gt(now)),
    };
    // The order of the index by role, so that the database does not read the whole table.
    count_up_to(query.order((api_keys::revoked_at, api_keys::all_role_scopes)), limit, connection)
}

/// Which keys of a role are counted.
#[derive(Clone, Copy)]
pub(in crate::domain::api_keys) enum KeyFilter {
    Revoked,
    Live,
    /// Keys that have all of the role's scopes, also when the role changes.
    LiveWithAll,
    /// Of these, the keys that have not expired at this time. Disabled ones count: they may be
    /// enabled again.
    UnexpiredWithAll(Timestamp),
}

fn count_up_to(query: Boxed<'_>, limit: i64, connection: &mut Connection) -> Result<i64> {
    let ids: Vec<String> = query.select(api_keys::id).limit(limit).load(connection)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The number of keys that are not revoked, selected `scope` and have one of the roles, up to
/// `limit`.
pub(in crate::domain::api_keys) fn count_selecting(
    connection: &mut Connection,
    scope: &str,
    role_ids: &[&str],
    limit: i64,
) -> Result<i64> {
    if role_ids.is_empty() {
        return Ok(0);
    }
    let ids = selecting_ids(connection, scope, false, Some(role_ids), limit)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Keys that selected `scope`, revoked or not, at most `limit`.
pub(in crate::domain::api_keys) fn selecting(
    connection: &mut Connection,
    scope: &str,
    revoked: bool,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let ids = selecting_ids(connection, scope, revoked, None, limit)?;
    let keys = api_keys::table.filter(api_keys::id.eq_any(ids));
    Ok(keys.select(ApiKey::as_select()).load(connection)?)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Reads from an index whether a key is revoked and which role it has, because there may be a
/// million selections without any matching key. `SQLite` uses the table unless the query names the
/// index.
fn selecting_ids(
    connection: &mut Connection,
    scope: &str,
    revoked: bool,
    role_ids: Option<&[&str]>,
    limit: i64,
) -> Result<Vec<String>> {
    let (state, index) = if revoked {
        ("IS NOT NULL", "api_keys_revoked_for_search")
    } else {
        ("IS NULL", "api_keys_live_for_search")
    };
    let hint = match connection {
        Connection::Sqlite(_) => format!("INDEXED BY {index}"),
        Connection::Postgres(_) => String::new(),
    };
    let ids = role_ids.unwrap_or_default();
    let roles = match role_ids {
        None => String::new(),
        Some(ids) => {
            let places: Vec<String> = (2..ids.len() + 2).map(|place| format!("${place}")).collect();
            format!("AND k.role_id IN ({})", places.join(", "))
        }
    };
    // SQLite numbers parameters in the order in which they appear.
    let sql = format!(
        "SELECT s.key_id AS id FROM api_key_scopes AS s WHERE s.scope = $1 AND EXISTS \
             (SELECT 1 FROM api_keys AS k {hint} \
              WHERE k.id = s.key_id AND k.revoked_at {state} {roles}) LIMIT ${}",
        ids.len() + 2
    );
    let query = diesel::sql_query(sql).into_boxed::<Backend>().bind::<Text, _>(scope.to_owned());
    let query = ids.iter().fold(query, |query, id| query.bind::<Text, _>((*id).to_owned()));
    let query = query.bind::<BigInt, _>(limit);
    let found: Vec<Id> = query.load(connection)?;
    Ok(found.into_iter().map(|Id { id }| id).collect())
}

/// The scopes that keys selected which are not revoked. The scalar subquery makes `PostgreSQL` stop
/// at the first key of a scope.
pub(in crate::domain::api_keys) fn selected_scopes(
    connection: &mut Connection,
) -> Result<Vec<String>> {
    let hint = match connection {
        Connection::Sqlite(_) => "INDEXED BY api_keys_live_for_search",
        Connection::Postgres(_) => "",
    };
    let sql = format!(
        "SELECT c.name AS id FROM scopes AS c WHERE \
             (SELECT 1 FROM api_key_scopes AS s WHERE s.scope = c.name AND EXISTS \
             (SELECT 1 FROM api_keys AS k {hint} WHERE k.id = s.key_id AND k.revoked_at IS NULL) \
              LIMIT 1) = 1"
    );
    let found: Vec<Id> = diesel::sql_query(sql).load(connection)?;
    Ok(found.into_iter().map(|Id { id }| id).collect())
}

/// Keys of the role that are not revoked and would lose one of `scopes`, by name, at most `limit`.
pub(in crate::domain::api_keys) fn losing(
    connection: &mut Connection,
    role_id: &str,
    scopes: &[&str],
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let selected = api_key_scopes::table
        .filter(api_key_scopes::key_id.eq(api_keys::id))
        .filter(api_key_scopes::scope.eq_any(scopes));
    Ok(api_keys::table
        .filter(api_keys::role_id.eq(role_id))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::all_role_scopes.eq(true).or(exists(selected)))
        .order((api_keys::name_sort, api_keys::id))
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}

/// Keys of the role that are not revoked, selected some of `scopes`, and selected none of `kept`,
/// so they would lose all their scopes. By name, at most `limit`.
pub(in crate::domain::api_keys) fn losing_all(
    connection: &mut Connection,
    role_id: &str,
    scopes: &[&str],
    kept: &[&str],
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let selected = |scopes| {
        api_key_scopes::table
            .filter(api_key_scopes::key_id.eq(api_keys::id))
            .filter(api_key_scopes::scope.eq_any(scopes))
    };
    Ok(api_keys::table
        .filter(api_keys::role_id.eq(role_id))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::all_role_scopes.eq(false))
        .filter(exists(selected(scopes)))
        .filter(diesel::dsl::not(exists(selected(kept))))
        .order((api_keys::name_sort, api_keys::id))
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}

/// Removes `scope` from the selections of revoked keys.
pub(in crate::domain::api_keys) fn deselect_in_revoked(
    tx: &mut Transaction<'_>,
    scope: &str,
) -> Result<()> {
    let revoked = api_keys::table.filter(api_keys::revoked_at.is_not_null()).select(api_keys::id);
    let rows = api_key_scopes::table
        .filter(api_key_scopes::scope.eq(scope))
        .filter(api_key_scopes::key_id.eq_any(revoked));
    diesel::delete(rows).execute(&mut **tx)?;
    Ok(())
}
