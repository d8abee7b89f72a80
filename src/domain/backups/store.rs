//! The SQL of backups and restores.

use diesel::prelude::*;

use super::RestoreId;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::copy::About;
use crate::db::schema::{last_backup, restores};
use crate::db::{Connection, Transaction};

pub(super) fn last(connection: &mut Connection) -> Result<Option<Timestamp>> {
    Ok(last_backup::table.select(last_backup::made_at).first(connection).optional()?)
}

pub(super) fn set_last(tx: &mut Transaction<'_>, at: Timestamp) -> Result<()> {
    let made_at = last_backup::made_at.eq(at);
    if diesel::update(last_backup::table).set(made_at).execute(&mut **tx)? == 0 {
        let row = (last_backup::id.eq(1), made_at);
        diesel::insert_into(last_backup::table).values(row).execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    id: &RestoreId,
    about: &About,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(restores::table)
        .values((
            restores::id.eq(id),
            restores::restored_at.eq(now),
            restores::backup_made_at.eq(about.made_at),
            restores::newest_number.eq(about.newest_number),
            restores::newest_hash.eq(&about.newest_hash),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A restore of a backup, and what the backup said.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = restores)]
pub struct Restore {
    pub id: RestoreId,
    pub restored_at: Timestamp,
    pub backup_made_at: Timestamp,
    /// The newest entry of the activity in the backup.
    pub newest_number: i64,
    pub newest_hash: String,
}

pub(super) fn open(connection: &mut Connection) -> Result<Option<Restore>> {
    Ok(restores::table
        .filter(restores::closed_at.is_null())
        .order(restores::restored_at.desc())
        .select(Restore::as_select())
        .first(connection)
        .optional()?)
}

/// Closes every check that is open: an earlier one is part of the last.
pub(super) fn close(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    diesel::update(restores::table.filter(restores::closed_at.is_null()))
        .set(restores::closed_at.eq(Some(now)))
        .execute(&mut **tx)?;
    Ok(())
}
