//! The SQL of the forms in which names are compared and sorted.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::api_keys;
use crate::db::{Connection, Transaction};
use crate::domain::api_keys::{ExternalId, KeyId, KeyName, Owner};

/// A key's name, and its stored forms.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub(in crate::domain::api_keys) struct NameRow {
    pub id: KeyId,
    pub name: KeyName,
    pub name_folded: String,
    pub name_sort: String,
    pub owner: Owner,
    pub external_id: ExternalId,
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

/// The name of the key other than `except` that is not revoked and has this external id.
pub(in crate::domain::api_keys) fn name_with_external_id(
    connection: &mut Connection,
    external_id: &ExternalId,
    except: &KeyId,
) -> Result<Option<KeyName>> {
    if external_id.as_str().is_empty() {
        return Ok(None);
    }
    Ok(api_keys::table
        .filter(api_keys::external_id.eq(external_id))
        .filter(api_keys::external_id.ne(""))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::id.ne(except))
        .select(api_keys::name)
        .first(connection)
        .optional()?)
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
    row: &NameRow,
    folded: &str,
    sort: &str,
) -> Result<()> {
    let text = search_text(folded, &row.owner, &row.external_id);
    diesel::update(api_keys::table.find(row.id))
        .set((
            api_keys::name_folded.eq(folded),
            api_keys::name_sort.eq(sort),
            api_keys::search_text.eq(text),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// What a search compares: the folded name, the owner and the external id, in lower case. A line
/// break separates them, which no search contains.
pub(in crate::domain::api_keys) fn search_text(
    folded_name: &str,
    owner: &Owner,
    external_id: &ExternalId,
) -> String {
    let [owner, external_id] = [owner.as_str(), external_id.as_str()].map(str::to_ascii_lowercase);
    format!("{folded_name}\n{owner}\n{external_id}")
}
