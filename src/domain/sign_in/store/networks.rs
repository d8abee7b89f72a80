//! The SQL of networks that somebody has signed in from.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::sign_in_networks;
use crate::db::{Connection, Transaction};

/// Whether somebody signed in from the network after `since`.
pub(in crate::domain::sign_in) fn is_known_network(
    connection: &mut Connection,
    network: &str,
    since: Timestamp,
) -> Result<bool> {
    let known =
        sign_in_networks::table.find(network).filter(sign_in_networks::last_signed_in_at.gt(since));
    Ok(diesel::select(diesel::dsl::exists(known)).get_result(connection)?)
}

/// Records a sign-in from a network. Returns whether the network had a row.
pub(in crate::domain::sign_in) fn touch_network(
    tx: &mut Transaction<'_>,
    network: &str,
    now: Timestamp,
) -> Result<bool> {
    let touched = diesel::update(sign_in_networks::table.find(network))
        .set(sign_in_networks::last_signed_in_at.eq(now))
        .execute(&mut **tx)?;
    Ok(touched > 0)
}

pub(in crate::domain::sign_in) fn insert_network(
    tx: &mut Transaction<'_>,
    network: &str,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(sign_in_networks::table)
        .values((
            sign_in_networks::network.eq(network),
            sign_in_networks::last_signed_in_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::sign_in) fn count_networks(connection: &mut Connection) -> Result<i64> {
    Ok(sign_in_networks::table.count().get_result(connection)?)
}

pub(in crate::domain::sign_in) fn delete_oldest_network(tx: &mut Transaction<'_>) -> Result<()> {
    let oldest: Option<String> = sign_in_networks::table
        .select(sign_in_networks::network)
        .order((sign_in_networks::last_signed_in_at, sign_in_networks::network))
        .first(&mut **tx)
        .optional()?;
    if let Some(network) = oldest {
        diesel::delete(sign_in_networks::table.find(network)).execute(&mut **tx)?;
    }
    Ok(())
}

/// Deletes the networks whose last sign-in was at `until` or earlier.
pub(in crate::domain::sign_in) fn delete_networks(
    tx: &mut Transaction<'_>,
    until: Timestamp,
) -> Result<usize> {
    let old = sign_in_networks::last_signed_in_at.le(until);
    Ok(diesel::delete(sign_in_networks::table.filter(old)).execute(&mut **tx)?)
}
