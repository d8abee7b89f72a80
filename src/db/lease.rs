//! Leases: work that one node does at a time.

use diesel::prelude::*;

use super::Transaction;
use super::schema::leases;
use crate::base::clock::Timestamp;
use crate::base::error::Result;

/// Takes the lease `name` for `holder` until `until`, or keeps it. Returns whether it is `holder`'s
/// now. Since transactions that write run one after another over all nodes, one holds it at a time.
pub fn hold(
    tx: &mut Transaction<'_>,
    name: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let known: Option<(String, Timestamp)> = leases::table
        .find(name)
        .select((leases::holder, leases::until))
        .first(&mut **tx)
        .optional()?;
    let values = (leases::holder.eq(holder), leases::until.eq(until));
    match known {
        Some((other, end)) if other != holder && end > now => return Ok(false),
        Some(_) => {
            diesel::update(leases::table.find(name)).set(values).execute(&mut **tx)?;
        }
        None => {
            diesel::insert_into(leases::table)
                .values((leases::name.eq(name), values))
                .execute(&mut **tx)?;
        }
    }
    Ok(true)
}

/// Gives the lease `name` back, if it is `holder`'s.
pub fn release(tx: &mut Transaction<'_>, name: &str, holder: &str) -> Result<()> {
    diesel::delete(leases::table.find(name).filter(leases::holder.eq(holder)))
        .execute(&mut **tx)?;
    Ok(())
}
