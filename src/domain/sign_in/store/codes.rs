//! The SQL of one-time codes.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::one_time_codes;
use crate::db::{Connection, Transaction};
use crate::domain::members::MemberId;
use crate::domain::sign_in::codes::{Code, Purpose};

pub(in crate::domain::sign_in) fn insert_code(
    tx: &mut Transaction<'_>,
    code_hash: &str,
    purpose: Purpose,
    member: Option<&MemberId>,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    diesel::insert_into(one_time_codes::table)
        .values((
            one_time_codes::code_hash.eq(code_hash),
            one_time_codes::purpose.eq(purpose),
            one_time_codes::member_id.eq(member),
            one_time_codes::created_at.eq(created_at),
            one_time_codes::expires_at.eq(expires_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::sign_in) fn live_code(
    connection: &mut Connection,
    code_hash: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Code>> {
    let row: Option<Option<MemberId>> = one_time_codes::table
        .find(code_hash)
        .filter(one_time_codes::purpose.eq(purpose))
        .filter(one_time_codes::expires_at.gt(now))
        .select(one_time_codes::member_id)
        .first(connection)
        .optional()?;
    Ok(row.map(|member| Code { member }))
}

pub(in crate::domain::sign_in) fn count_live_codes_of(
    connection: &mut Connection,
    member: &MemberId,
    now: Timestamp,
) -> Result<i64> {
    Ok(one_time_codes::table
        .filter(one_time_codes::member_id.eq(member))
        .filter(one_time_codes::expires_at.gt(now))
        .count()
        .get_result(connection)?)
}

pub(in crate::domain::sign_in) fn delete_code(
    tx: &mut Transaction<'_>,
    code_hash: &str,
) -> Result<bool> {
    Ok(diesel::delete(one_time_codes::table.find(code_hash)).execute(&mut **tx)? > 0)
}

pub(in crate::domain::sign_in) fn delete_codes_of(
    tx: &mut Transaction<'_>,
    member: &MemberId,
) -> Result<()> {
    diesel::delete(one_time_codes::table.filter(one_time_codes::member_id.eq(member)))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::sign_in) fn delete_all_codes(tx: &mut Transaction<'_>) -> Result<()> {
    diesel::delete(one_time_codes::table).execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::sign_in) fn delete_codes_for(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    purpose: Purpose,
) -> Result<()> {
    let codes = one_time_codes::table.filter(one_time_codes::member_id.eq(member));
    diesel::delete(codes.filter(one_time_codes::purpose.eq(purpose))).execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::sign_in) fn delete_expired_codes(
    tx: &mut Transaction<'_>,
    now: Timestamp,
) -> Result<usize> {
    let expired = one_time_codes::expires_at.le(now);
    Ok(diesel::delete(one_time_codes::table.filter(expired)).execute(&mut **tx)?)
}
