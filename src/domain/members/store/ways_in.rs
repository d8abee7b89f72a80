//! The SQL of how members may sign in, and of access that follows from groups.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text;
use crate::db::schema::{
    member_identities, member_mapped_access, member_permissions, members, sso_provider,
};
use crate::db::{Connection, Transaction};
use crate::domain::members::ways_in::Passwords;
use crate::domain::members::{MemberId, Permission};

/// Who may sign in with a password: everybody, unless the provider's settings say otherwise.
pub(in crate::domain::members) fn passwords(connection: &mut Connection) -> Result<Passwords> {
    Ok(provider(connection)?.map(|(_, passwords)| passwords).unwrap_or_default())
}

fn provider(connection: &mut Connection) -> Result<Option<(String, Passwords)>> {
    let columns = (sso_provider::issuer, sso_provider::passwords);
    Ok(sso_provider::table.select(columns).first(connection).optional()?)
}

/// All members who can sign in under the present settings and manage members, by name.
pub(in crate::domain::members) fn managers(
    connection: &mut Connection,
) -> Result<Vec<(MemberId, String)>> {
    let (issuer, passwords) = provider(connection)?.unwrap_or_default();
    let linked = member_identities::table
        .filter(member_identities::member_id.eq(members::id))
        .filter(member_identities::issuer.eq(issuer));
    let all = members::table
        .inner_join(member_permissions::table.on(member_permissions::member_id.eq(members::id)))
        .filter(member_permissions::permission.eq(Permission::ManageMembers))
        .filter(members::super_manager)
        .filter(members::disabled_at.is_null())
        .filter(members::invited_until.is_null())
        .select((members::id, members::name));
    let has_password = members::password_hash.is_not_null();
    let mut rows: Vec<(MemberId, String)> = if passwords == Passwords::Allowed {
        all.filter(has_password.or(exists(linked))).load(connection)?
    } else {
        let is_ready = members::is_break_glass.and(members::two_step_since.is_not_null());
        all.filter(has_password.and(is_ready).or(exists(linked))).load(connection)?
    };
    rows.sort_by_cached_key(|(id, name)| (text::sort_key(name), id.clone()));
    Ok(rows)
}

pub(in crate::domain::members) fn break_glass(
    connection: &mut Connection,
) -> Result<Vec<MemberId>> {
    let marked = members::table.filter(members::is_break_glass);
    Ok(marked.select(members::id).load(connection)?)
}

/// What decides how a member can sign in.
pub(in crate::domain::members) struct WaysRow {
    pub has_password: bool,
    pub is_break_glass: bool,
    /// The issuer of the provider, who may use a password, and whether the member is linked to an
    /// account there; `None` without a provider.
    pub provider: Option<(String, Passwords, bool)>,
}

/// What decides how the member can sign in.
pub(in crate::domain::members) fn ways_of(
    connection: &mut Connection,
    id: &MemberId,
) -> Result<WaysRow> {
    let columns = (members::password_hash.is_not_null(), members::is_break_glass);
    let member: Option<(bool, bool)> =
        members::table.find(id).select(columns).first(connection).optional()?;
    let (has_password, is_break_glass) = member.unwrap_or_default();
    let provider = provider(connection)?;
    let provider = provider.map(|(issuer, passwords)| {
        let is_linked = subject_of(connection, id, &issuer)?.is_some();
        Ok::<_, crate::base::error::Error>((issuer, passwords, is_linked))
    });
    Ok(WaysRow { has_password, is_break_glass, provider: provider.transpose()? })
}

/// The active members with a password and a second factor, in no particular order.
pub(in crate::domain::members) fn possible_break_glass(
    connection: &mut Connection,
) -> Result<Vec<MemberId>> {
    let active = members::table
        .filter(members::password_hash.is_not_null())
        .filter(members::two_step_since.is_not_null())
        .filter(members::disabled_at.is_null())
        .filter(members::invited_until.is_null());
    Ok(active.select(members::id).load(connection)?)
}

pub(in crate::domain::members) fn end_break_glass(
    tx: &mut Transaction<'_>,
    id: &MemberId,
) -> Result<()> {
    diesel::update(members::table.find(id))
        .set(members::is_break_glass.eq(false))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::members) fn set_break_glass(
    tx: &mut Transaction<'_>,
    ids: &[MemberId],
) -> Result<()> {
    diesel::update(members::table.filter(members::is_break_glass))
        .set(members::is_break_glass.eq(false))
        .execute(&mut **tx)?;
    diesel::update(members::table.filter(members::id.eq_any(ids)))
        .set(members::is_break_glass.eq(true))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::members) fn by_identity(
    connection: &mut Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<MemberId>> {
    let identity = member_identities::table.find((issuer, subject));
    Ok(identity.select(member_identities::member_id).first(connection).optional()?)
}

pub(in crate::domain::members) fn subject_of(
    connection: &mut Connection,
    id: &MemberId,
    issuer: &str,
) -> Result<Option<String>> {
    Ok(member_identities::table
        .filter(member_identities::member_id.eq(id))
        .filter(member_identities::issuer.eq(issuer))
        .select(member_identities::subject)
        .first(connection)
        .optional()?)
}

pub(in crate::domain::members) fn insert_identity(
    tx: &mut Transaction<'_>,
    (issuer, subject): (&str, &str),
    id: &MemberId,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(member_identities::table)
        .values((
            member_identities::issuer.eq(issuer),
            member_identities::subject.eq(subject),
            member_identities::member_id.eq(id),
            member_identities::linked_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::members) fn touch_identity(
    tx: &mut Transaction<'_>,
    (issuer, subject): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    diesel::update(member_identities::table.find((issuer, subject)))
        .set(member_identities::last_used_at.eq(now))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::members) fn delete_identity(
    tx: &mut Transaction<'_>,
    issuer: &str,
    subject: &str,
) -> Result<()> {
    diesel::delete(member_identities::table.find((issuer, subject))).execute(&mut **tx)?;
    Ok(())
}

/// The names of the groups that decide the member's access, as JSON.
pub(in crate::domain::members) fn mapped_groups(
    connection: &mut Connection,
    id: &MemberId,
) -> Result<Option<String>> {
    let row = member_mapped_access::table.find(id);
    Ok(row.select(member_mapped_access::group_names).first(connection).optional()?)
}

pub(in crate::domain::members) fn set_mapped_groups(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    group_names: &str,
) -> Result<()> {
    diesel::delete(member_mapped_access::table.find(id)).execute(&mut **tx)?;
    diesel::insert_into(member_mapped_access::table)
        .values((
            member_mapped_access::member_id.eq(id),
            member_mapped_access::group_names.eq(group_names),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::members) fn delete_mapped_groups(tx: &mut Transaction<'_>) -> Result<()> {
    diesel::delete(member_mapped_access::table).execute(&mut **tx)?;
    Ok(())
}
