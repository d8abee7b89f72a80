//! The SQL of the forms in which names are compared and sorted.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::api_keys;
use crate::db::{Connection, Transaction};
use crate::domain::api_keys::{KeyId, KeyName};

/// A key's name, and its stored forms.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub(in crate::domain::api_keys) struct NameRow {
    pub id: KeyId,
    pub name: KeyName,
    pub name_folded: String,
    pub name_sort: String,
    pub revoked_at: Option<Timestamp>,
}

/// Whether a key other than `except` that is not revoked has this name.
pub(in crate::domain::api_keys) fn is_name_taken(
    connection: &mut Connection,
    name: &KeyName,
    except: &KeyId,
) -> Result<bool> {
    let others = api_keys::table
        .filter(api_keys::name_folded.eq(name.folded()))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::id.ne(except))
        .select(api_keys::id);
    Ok(diesel::select(diesel::dsl::exists(others)).get_result(connection)?)
}

/// The names of the keys with an id after `after`, at most `limit`.
pub(in crate::domain::api_keys) fn names_after(
    connection: &mut Connection,
    after: &str,
    limit: i64,
) -> Result<Vec<NameRow>> {
    let rows = api_keys::table.filter(api_keys::id.gt(after)).order(api_keys::id).limit(limit);
    Ok(rows.select(NameRow::as_select()).load(connection)?)
}

/// The names of the keys with these ids.
pub(in crate::domain::api_keys) fn names_of(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<Vec<NameRow>> {
    let rows = api_keys::table.filter(api_keys::id.eq_any(ids));
    Ok(rows.select(NameRow::as_select()).load(connection)?)
}

pub(in crate::domain::api_keys) fn set_name_forms(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    folded: &str,
    sort: &str,
) -> Result<()> {
    diesel::update(api_keys::table.find(id))
        .set((api_keys::name_folded.eq(folded), api_keys::name_sort.eq(sort)))
        .execute(&mut **tx)?;
    Ok(())
}
