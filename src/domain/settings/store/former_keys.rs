//! The SQL of the master keys that were replaced.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::{former_master_keys, settings};
use crate::db::{Connection, Transaction};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = former_master_keys)]
pub(in crate::domain::settings) struct FormerRow {
    pub generation: i32,
    pub replaced_at: Timestamp,
    pub last_entry: i64,
    pub activity_key: Vec<u8>,
    pub pepper: Option<Vec<u8>>,
}

/// Oldest first.
pub(in crate::domain::settings) fn former_keys(
    connection: &mut Connection,
) -> Result<Vec<FormerRow>> {
    let all = former_master_keys::table.order(former_master_keys::generation);
    Ok(all.select(FormerRow::as_select()).load(connection)?)
}

pub(in crate::domain::settings) fn replace_former_key(
    tx: &mut Transaction<'_>,
    row: FormerRow,
) -> Result<()> {
    diesel::delete(former_master_keys::table.find(row.generation)).execute(&mut **tx)?;
    diesel::insert_into(former_master_keys::table).values(row).execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::settings) fn end_peppers(tx: &mut Transaction<'_>) -> Result<()> {
    let ended = former_master_keys::pepper.eq(None::<Vec<u8>>);
    diesel::update(former_master_keys::table).set(ended).execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::settings) fn set_master_key_check(
    tx: &mut Transaction<'_>,
    check: &str,
) -> Result<()> {
    diesel::update(settings::table).set(settings::master_key_check.eq(check)).execute(&mut **tx)?;
    Ok(())
}
