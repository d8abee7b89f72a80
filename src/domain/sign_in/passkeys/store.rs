//! The SQL of passkeys.

use diesel::prelude::*;

use super::PasskeyId;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::member_passkeys;
use crate::db::{Connection, Transaction};
use crate::domain::members::MemberId;

/// A passkey, as its member sees it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = member_passkeys)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    /// The host for which it was made.
    pub host: String,
    /// Whether it is kept by a provider, such as a password manager, on more than one device.
    pub backed_up: bool,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A row with everything that checking a signature needs.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = member_passkeys)]
pub(super) struct StoredPasskey {
    pub id: PasskeyId,
    pub member_id: MemberId,
    /// In base64url.
    pub credential_id: String,
    /// The library's passkey as JSON.
    pub public_key: String,
    pub sign_count: i64,
    pub backed_up: bool,
    pub host: String,
    pub name: String,
    pub created_at: Timestamp,
}

/// The passkeys of a member, oldest first.
pub(super) fn passkeys_of(connection: &mut Connection, member: &MemberId) -> Result<Vec<Passkey>> {
    Ok(member_passkeys::table
        .filter(member_passkeys::member_id.eq(member))
        .order((member_passkeys::created_at, member_passkeys::id))
        .select(Passkey::as_select())
        .load(connection)?)
}

/// The passkeys of a member that were made for `host`, oldest first.
pub(super) fn usable_passkeys_of(
    connection: &mut Connection,
    member: &MemberId,
    host: &str,
) -> Result<Vec<StoredPasskey>> {
    Ok(member_passkeys::table
        .filter(member_passkeys::member_id.eq(member))
        .filter(member_passkeys::host.eq(host))
        .order((member_passkeys::created_at, member_passkeys::id))
        .select(StoredPasskey::as_select())
        .load(connection)?)
}

/// The passkey with this credential id, if it was made for `host`.
pub(super) fn by_credential(
    connection: &mut Connection,
    credential_id: &str,
    host: &str,
) -> Result<Option<StoredPasskey>> {
    Ok(member_passkeys::table
        .filter(member_passkeys::credential_id.eq(credential_id))
        .filter(member_passkeys::host.eq(host))
        .select(StoredPasskey::as_select())
        .first(connection)
        .optional()?)
}

/// Whether anybody has a passkey with this credential id.
pub(super) fn is_registered(connection: &mut Connection, credential_id: &str) -> Result<bool> {
    let found = member_passkeys::table.filter(member_passkeys::credential_id.eq(credential_id));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(connection)?)
}

/// Whether anybody has a passkey for `host`.
pub(super) fn has_any(connection: &mut Connection, host: &str) -> Result<bool> {
    let found = member_passkeys::table.filter(member_passkeys::host.eq(host));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(connection)?)
}

/// The hosts other than `host` for which passkeys were made, and how many for each.
pub(super) fn other_hosts(connection: &mut Connection, host: &str) -> Result<Vec<(String, i64)>> {
    Ok(member_passkeys::table
        .filter(member_passkeys::host.ne(host))
        .group_by(member_passkeys::host)
        .order(member_passkeys::host)
        .select((member_passkeys::host, diesel::dsl::count_star()))
        .load(connection)?)
}

pub(super) fn insert(tx: &mut Transaction<'_>, passkey: &StoredPasskey) -> Result<()> {
    diesel::insert_into(member_passkeys::table).values(passkey).execute(&mut **tx)?;
    Ok(())
}

/// Stores what a signature has changed about a passkey.
pub(super) fn set_used(
    tx: &mut Transaction<'_>,
    passkey: &StoredPasskey,
    now: Timestamp,
) -> Result<()> {
    diesel::update(member_passkeys::table.find(&passkey.id))
        .set((
            member_passkeys::public_key.eq(&passkey.public_key),
            member_passkeys::sign_count.eq(passkey.sign_count),
            member_passkeys::backed_up.eq(passkey.backed_up),
            member_passkeys::last_used_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_name(tx: &mut Transaction<'_>, id: &PasskeyId, name: &str) -> Result<()> {
    diesel::update(member_passkeys::table.find(id))
        .set(member_passkeys::name.eq(name))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete(tx: &mut Transaction<'_>, id: &PasskeyId) -> Result<()> {
    diesel::delete(member_passkeys::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

/// Deletes all passkeys of a member, and returns how many there were.
pub(super) fn delete_all_of(tx: &mut Transaction<'_>, member: &MemberId) -> Result<usize> {
    let all = member_passkeys::table.filter(member_passkeys::member_id.eq(member));
    Ok(diesel::delete(all).execute(&mut **tx)?)
}
