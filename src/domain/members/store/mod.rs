//! The SQL of members and their permissions. How they may sign in is in `ways_in`.

mod ways_in;

use std::collections::BTreeMap;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::{Access, Email, Member, MemberId, MemberName, Permission, Permissions, State};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text;
use crate::db::schema::{member_permissions, members};
use crate::db::types::IfKnown;
use crate::db::{Connection, Transaction};
pub(super) use ways_in::{
    WaysRow, break_glass, by_identity, delete_identity, delete_mapped_groups, end_break_glass,
    insert_identity, managers, mapped_groups, passwords, possible_break_glass, set_break_glass,
    set_mapped_groups, subject_of, touch_identity, ways_of,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = members)]
struct Row {
    id: MemberId,
    name: MemberName,
    email: Email,
    password_hash: Option<String>,
    super_manager: bool,
    created_at: Timestamp,
    last_signed_in_at: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    version: i64,
    invited_until: Option<Timestamp>,
    two_step_since: Option<Timestamp>,
}

impl Row {
    /// The member with these permissions. A permission that this version does not know grants
    /// nothing.
    fn with<'a>(self, held: impl Iterator<Item = &'a IfKnown<Permission>>) -> Member {
        let state = match (self.disabled_at, self.invited_until) {
            (Some(at), _) => State::Disabled(at),
            (None, Some(until)) => State::Invited(until),
            (None, None) => State::Active,
        };
        Member {
            id: self.id,
            name: self.name,
            email: self.email,
            super_manager: self.super_manager,
            permissions: held.filter_map(|permission| permission.0).collect(),
            state,
            created_at: self.created_at,
            last_signed_in_at: self.last_signed_in_at,
            two_step_since: self.two_step_since,
            version: self.version,
        }
    }
}

pub(super) fn by_id(connection: &mut Connection, id: &MemberId) -> Result<Option<Member>> {
    let row: Option<Row> =
        members::table.find(id).select(Row::as_select()).first(connection).optional()?;
    row.map(|row| with_permissions(connection, row)).transpose()
}

pub(super) fn by_email(
    connection: &mut Connection,
    email: &Email,
) -> Result<Option<(Member, Option<String>)>> {
    // If an older version treated two addresses as different, each member is found by their own
    // spelling.
    let former = email.legacy_folded();
    let mut rows: Vec<Row> = members::table
        .filter(members::email_folded.eq_any([email.folded(), &former]))
        .select(Row::as_select())
        .load(connection)?;
    let own =
        rows.iter().position(|row| text::fold(row.email.as_str()) == former).unwrap_or_default();
    let row = (!rows.is_empty()).then(|| rows.swap_remove(own));
    row.map(|mut row| {
        let hash = row.password_hash.take();
        Ok((with_permissions(connection, row)?, hash))
    })
    .transpose()
}

pub(super) fn list(connection: &mut Connection) -> Result<Vec<Member>> {
    let mut rows: Vec<Row> = members::table.select(Row::as_select()).load(connection)?;
    rows.sort_by_cached_key(|row| (text::sort_key(row.name.as_str()), row.id.clone()));
    let held = member_permissions::table
        .select((member_permissions::member_id, member_permissions::permission))
        .load(connection)?;
    Ok(with_held(rows, held))
}

/// Id, name and address of every member, in no particular order.
pub(super) fn names(connection: &mut Connection) -> Result<Vec<(MemberId, String, String)>> {
    Ok(members::table.select((members::id, members::name, members::email)).load(connection)?)
}

/// The active members who have not signed in since `since`, and were added before it.
pub(super) fn not_seen(connection: &mut Connection, since: Timestamp) -> Result<Vec<MemberId>> {
    let active = members::table
        .filter(members::disabled_at.is_null())
        .filter(members::invited_until.is_null());
    Ok(active
        .filter(members::created_at.lt(since))
        .filter(members::last_signed_in_at.is_null().or(members::last_signed_in_at.lt(since)))
        .select(members::id)
        .load(connection)?)
}

/// The members with these ids, by name.
pub(super) fn by_ids(connection: &mut Connection, ids: &[MemberId]) -> Result<Vec<Member>> {
    let mut rows: Vec<Row> =
        members::table.filter(members::id.eq_any(ids)).select(Row::as_select()).load(connection)?;
    rows.sort_by_cached_key(|row| (text::sort_key(row.name.as_str()), row.id.clone()));
    let held = member_permissions::table
        .filter(member_permissions::member_id.eq_any(ids))
        .select((member_permissions::member_id, member_permissions::permission))
        .load(connection)?;
    Ok(with_held(rows, held))
}

fn with_held(rows: Vec<Row>, all_held: Vec<(MemberId, IfKnown<Permission>)>) -> Vec<Member> {
    let mut held: BTreeMap<MemberId, Vec<IfKnown<Permission>>> = BTreeMap::new();
    for (id, permission) in all_held {
        held.entry(id).or_default().push(permission);
    }
    let members = rows.into_iter().map(|row| {
        let held = held.remove(&row.id).unwrap_or_default();
        row.with(held.iter())
    });
    members.collect()
}

pub(super) fn any(connection: &mut Connection) -> Result<bool> {
    Ok(diesel::select(exists(members::table.select(members::id))).get_result(connection)?)
}

pub(super) fn has_two_super_managers(connection: &mut Connection) -> Result<bool> {
    let second: Option<MemberId> = members::table
        .filter(members::super_manager)
        .filter(members::disabled_at.is_null())
        .order(members::id)
        .select(members::id)
        .offset(1)
        .first(connection)
        .optional()?;
    Ok(second.is_some())
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    member: &Member,
    password_hash: Option<&str>,
) -> Result<()> {
    let invited_until = match member.state {
        State::Invited(until) => Some(until),
        State::Active | State::Disabled(_) => None,
    };
    diesel::insert_into(members::table)
        .values((
            members::id.eq(&member.id),
            members::name.eq(&member.name),
            members::email.eq(&member.email),
            members::email_folded.eq(member.email.folded()),
            members::password_hash.eq(password_hash),
            members::super_manager.eq(member.super_manager),
            members::created_at.eq(member.created_at),
            members::version.eq(member.version),
            members::invited_until.eq(invited_until),
        ))
        .execute(&mut **tx)?;
    insert_permissions(tx, &member.id, member.permissions)
}

fn insert_permissions(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    permissions: Permissions,
) -> Result<()> {
    for permission in permissions.iter() {
        diesel::insert_into(member_permissions::table)
            .values((
                member_permissions::member_id.eq(id),
                member_permissions::permission.eq(permission),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn set_access(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    access: Access,
    version: i64,
) -> Result<()> {
    diesel::update(members::table.find(id))
        .set((members::super_manager.eq(access.super_manager), members::version.eq(version)))
        .execute(&mut **tx)?;
    diesel::delete(member_permissions::table.filter(member_permissions::member_id.eq(id)))
        .execute(&mut **tx)?;
    insert_permissions(tx, id, access.permissions)
}

pub(super) fn set_name(tx: &mut Transaction<'_>, id: &MemberId, name: &MemberName) -> Result<()> {
    diesel::update(members::table.find(id)).set(members::name.eq(name)).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_disabled(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    since: Option<Timestamp>,
) -> Result<()> {
    diesel::update(members::table.find(id))
        .set(members::disabled_at.eq(since))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_invited_until(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    until: Option<Timestamp>,
) -> Result<()> {
    diesel::update(members::table.find(id))
        .set(members::invited_until.eq(until))
        .execute(&mut **tx)?;
    Ok(())
}

/// Lets no invitation be accepted after `until`.
pub(super) fn shorten_invitations(tx: &mut Transaction<'_>, until: Timestamp) -> Result<()> {
    diesel::update(members::table.filter(members::invited_until.gt(until)))
        .set(members::invited_until.eq(until))
        .execute(&mut **tx)?;
    Ok(())
}

/// Deletes a member; the database also deletes their sessions, codes and permissions.
pub(super) fn delete(tx: &mut Transaction<'_>, id: &MemberId) -> Result<()> {
    diesel::delete(members::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_password_hash(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    hash: Option<&str>,
) -> Result<()> {
    diesel::update(members::table.find(id))
        .set(members::password_hash.eq(hash))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_last_signed_in(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    now: Timestamp,
) -> Result<()> {
    diesel::update(members::table.find(id))
        .set(members::last_signed_in_at.eq(now))
        .execute(&mut **tx)?;
    Ok(())
}

fn with_permissions(connection: &mut Connection, row: Row) -> Result<Member> {
    let held: Vec<IfKnown<Permission>> = member_permissions::table
        .filter(member_permissions::member_id.eq(&row.id))
        .select(member_permissions::permission)
        .load(connection)?;
    Ok(row.with(held.iter()))
}

/// Each member's address and its stored folded form.
pub(super) fn folded_emails(connection: &mut Connection) -> Result<Vec<(MemberId, Email, String)>> {
    let columns = (members::id, members::email, members::email_folded);
    Ok(members::table.order(members::id).select(columns).load(connection)?)
}

pub(super) fn set_folded_email(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    folded: &str,
) -> Result<()> {
    diesel::update(members::table.find(id))
        .set(members::email_folded.eq(folded))
        .execute(&mut **tx)?;
    Ok(())
}
