//! The SQL of members and their permissions.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::{Email, Member, MemberId, MemberName, Permissions, State};
use crate::clock::Timestamp;
use crate::db::schema::{member_permissions, members};
use crate::db::{Connection, Transaction};
use crate::error::Result;

#[derive(Queryable, Selectable)]
#[diesel(table_name = members)]
struct Row {
    id: String,
    name: String,
    email: String,
    password_hash: Option<String>,
    super_manager: bool,
    created_at: i64,
    last_signed_in_at: Option<i64>,
    disabled_at: Option<i64>,
}

pub(super) fn by_id(connection: &mut Connection, id: &MemberId) -> Result<Option<Member>> {
    let row: Option<Row> =
        members::table.find(id.as_str()).select(Row::as_select()).first(connection).optional()?;
    row.map(|row| Ok(with_permissions(connection, row)?.0)).transpose()
}

pub(super) fn by_email(
    connection: &mut Connection,
    email: &Email,
) -> Result<Option<(Member, Option<String>)>> {
    let row: Option<Row> = members::table
        .filter(members::email_folded.eq(email.folded()))
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    row.map(|row| with_permissions(connection, row)).transpose()
}

pub(super) fn list(connection: &mut Connection) -> Result<Vec<Member>> {
    let rows: Vec<Row> = members::table
        .order((members::name, members::id))
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(|row| Ok(with_permissions(connection, row)?.0)).collect()
}

pub(super) fn any(connection: &mut Connection) -> Result<bool> {
    Ok(diesel::select(exists(members::table.select(members::id))).get_result(connection)?)
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    member: &Member,
    password_hash: Option<&str>,
) -> Result<()> {
    diesel::insert_into(members::table)
        .values((
            members::id.eq(member.id.as_str()),
            members::name.eq(member.name.as_str()),
            members::email.eq(member.email.as_str()),
            members::email_folded.eq(member.email.folded()),
            members::password_hash.eq(password_hash),
            members::super_manager.eq(member.super_manager),
            members::created_at.eq(member.created_at.millis()),
        ))
        .execute(&mut **tx)?;
    for permission in member.permissions.iter() {
        diesel::insert_into(member_permissions::table)
            .values((
                member_permissions::member_id.eq(member.id.as_str()),
                member_permissions::permission.eq(permission.name()),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn set_password_hash(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    hash: Option<&str>,
) -> Result<()> {
    diesel::update(members::table.find(id.as_str()))
        .set(members::password_hash.eq(hash))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_last_signed_in(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    now: Timestamp,
) -> Result<()> {
    diesel::update(members::table.find(id.as_str()))
        .set(members::last_signed_in_at.eq(now.millis()))
        .execute(&mut **tx)?;
    Ok(())
}

fn with_permissions(connection: &mut Connection, row: Row) -> Result<(Member, Option<String>)> {
    let names: Vec<String> = member_permissions::table
        .filter(member_permissions::member_id.eq(&row.id))
        .select(member_permissions::permission)
        .load(connection)?;
    // A name that this version does not know grants nothing.
    let permissions: Permissions = names.iter().filter_map(|name| name.parse().ok()).collect();
    let member = Member {
        id: MemberId::stored(row.id),
        name: MemberName::stored(row.name),
        email: Email::stored(row.email),
        super_manager: row.super_manager,
        permissions,
        state: row
            .disabled_at
            .map_or(State::Active, |at| State::Disabled(Timestamp::from_millis(at))),
        created_at: Timestamp::from_millis(row.created_at),
        last_signed_in_at: row.last_signed_in_at.map(Timestamp::from_millis),
    };
    Ok((member, row.password_hash))
}
