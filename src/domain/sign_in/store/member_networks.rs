//! The SQL of the networks that each member signed in from.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::member_networks;
use crate::db::{Connection, Transaction};
use crate::domain::members::MemberId;

/// Records a sign-in of the member from a network. Returns whether the network had a row.
pub(in crate::domain::sign_in) fn touch(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    network: &str,
    now: Timestamp,
) -> Result<bool> {
    let touched = diesel::update(member_networks::table.find((member, network)))
        .set(member_networks::last_at.eq(now))
        .execute(&mut **tx)?;
    Ok(touched > 0)
}

pub(in crate::domain::sign_in) fn insert(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    network: &str,
    at: Timestamp,
) -> Result<()> {
    diesel::insert_into(member_networks::table)
        .values((
            member_networks::member_id.eq(member),
            member_networks::network.eq(network),
            member_networks::last_at.eq(at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::sign_in) fn count(
    connection: &mut Connection,
    member: &MemberId,
) -> Result<usize> {
    let own = member_networks::table.filter(member_networks::member_id.eq(member));
    let count: i64 = own.count().get_result(connection)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Deletes the network that the member has not signed in from for the longest time.
pub(in crate::domain::sign_in) fn delete_oldest(
    tx: &mut Transaction<'_>,
    member: &MemberId,
) -> Result<()> {
    let oldest: Option<String> = member_networks::table
        .filter(member_networks::member_id.eq(member))
        .order((member_networks::last_at, member_networks::network))
        .select(member_networks::network)
        .first(&mut **tx)
        .optional()?;
    if let Some(network) = oldest {
        diesel::delete(member_networks::table.find((member, network))).execute(&mut **tx)?;
    }
    Ok(())
}

/// Deletes the networks whose last sign-in was at `until` or earlier.
pub(in crate::domain::sign_in) fn delete_until(
    tx: &mut Transaction<'_>,
    until: Timestamp,
) -> Result<usize> {
    let old = member_networks::last_at.le(until);
    Ok(diesel::delete(member_networks::table.filter(old)).execute(&mut **tx)?)
}
