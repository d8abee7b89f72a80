//! The SQL of stored texts that contain a secret key, and of names that several things share.

use diesel::prelude::*;

use super::stored_secrets::Kind;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::{
    api_keys, members, names_alike, roles, stored_secret_search, stored_secrets,
};
use crate::db::{Connection, Transaction};

/// The progress of the search.
#[derive(Queryable, Selectable)]
#[diesel(table_name = stored_secret_search)]
pub(super) struct Search {
    /// The last Key ID that was searched.
    pub last_key_id: String,
    pub completed_at: Option<Timestamp>,
}

pub(super) fn search(connection: &mut Connection) -> Result<Option<Search>> {
    Ok(stored_secret_search::table.select(Search::as_select()).first(connection).optional()?)
}

pub(super) fn begin_search(tx: &mut Transaction<'_>) -> Result<()> {
    diesel::insert_into(stored_secret_search::table)
        .values((stored_secret_search::id.eq(1), stored_secret_search::last_key_id.eq("")))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn advance_search(
    tx: &mut Transaction<'_>,
    last_key_id: &str,
    completed_at: Option<Timestamp>,
) -> Result<()> {
    diesel::update(stored_secret_search::table.find(1))
        .set((
            stored_secret_search::last_key_id.eq(last_key_id),
            stored_secret_search::completed_at.eq(completed_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores a text that contains a secret key, unless it is already stored.
pub(super) fn insert(
    tx: &mut Transaction<'_>,
    kind: Kind,
    id: &str,
    found_at: Timestamp,
) -> Result<()> {
    let known: Option<String> = stored_secrets::table
        .find((kind, id))
        .select(stored_secrets::id)
        .first(&mut **tx)
        .optional()?;
    if known.is_none() {
        diesel::insert_into(stored_secrets::table)
            .values((
                stored_secrets::kind.eq(kind),
                stored_secrets::id.eq(id),
                stored_secrets::found_at.eq(found_at),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn delete(tx: &mut Transaction<'_>, kind: Kind, id: &str) -> Result<()> {
    diesel::delete(stored_secrets::table.find((kind, id))).execute(&mut **tx)?;
    Ok(())
}

/// The ids of a kind and when each was found, first found first, at most `limit`. If `ids` is
/// given, only these.
pub(super) fn found(
    connection: &mut Connection,
    kind: Kind,
    ids: Option<&[&str]>,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>> {
    let mut query = stored_secrets::table
        .filter(stored_secrets::kind.eq(kind))
        .order((stored_secrets::found_at, stored_secrets::id))
        .select((stored_secrets::id, stored_secrets::found_at))
        .limit(limit)
        .into_boxed();
    if let Some(ids) = ids {
        query = query.filter(stored_secrets::id.eq_any(ids.to_vec()));
    }
    Ok(query.load(connection)?)
}

/// Stores something that shares its name with another, unless it is already stored.
pub(super) fn insert_shared_name(
    tx: &mut Transaction<'_>,
    kind: &str,
    id: &str,
    found_at: Timestamp,
) -> Result<()> {
    if shared_names(tx, kind, Some(&[id]), 1)?.is_empty() {
        diesel::insert_into(names_alike::table)
            .values((
                names_alike::kind.eq(kind),
                names_alike::id.eq(id),
                names_alike::found_at.eq(found_at),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn delete_shared_name(tx: &mut Transaction<'_>, kind: &str, id: &str) -> Result<()> {
    diesel::delete(names_alike::table.find((kind, id))).execute(&mut **tx)?;
    Ok(())
}

/// The ids of a kind that share a name with another, and when each was found, first found first, at
/// most `limit`. If `ids` is given, only these.
pub(super) fn shared_names(
    connection: &mut Connection,
    kind: &str,
    ids: Option<&[&str]>,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>> {
    let mut query = names_alike::table
        .filter(names_alike::kind.eq(kind))
        .order((names_alike::found_at, names_alike::id))
        .select((names_alike::id, names_alike::found_at))
        .limit(limit)
        .into_boxed();
    if let Some(ids) = ids {
        query = query.filter(names_alike::id.eq_any(ids.to_vec()));
    }
    Ok(query.load(connection)?)
}

/// The ids, names and notes of keys that are not revoked, by id, those after `last`.
pub(super) fn key_texts(
    connection: &mut Connection,
    last: &str,
    limit: i64,
) -> Result<Vec<[String; 3]>> {
    let rows: Vec<(String, String, String)> = api_keys::table
        .filter(api_keys::id.gt(last))
        .filter(api_keys::revoked_at.is_null())
        .order(api_keys::id)
        .select((api_keys::id, api_keys::name, api_keys::notes))
        .limit(limit)
        .load(connection)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The ids, names and descriptions of roles.
pub(super) fn role_texts(connection: &mut Connection) -> Result<Vec<[String; 3]>> {
    let columns = (roles::id, roles::name, roles::description);
    let rows: Vec<(String, String, String)> = roles::table.select(columns).load(connection)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The ids, names and addresses of members.
pub(super) fn member_texts(connection: &mut Connection) -> Result<Vec<[String; 3]>> {
    let columns = (members::id, members::name, members::email);
    let rows: Vec<(String, String, String)> = members::table.select(columns).load(connection)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Those of the keys that are not revoked and have the role.
pub(super) fn with_role(
    connection: &mut Connection,
    ids: &[&str],
    role_id: &str,
) -> Result<Vec<String>> {
    Ok(api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .filter(api_keys::role_id.eq(role_id))
        .filter(api_keys::revoked_at.is_null())
        .order(api_keys::id)
        .select(api_keys::id)
        .load(connection)?)
}
