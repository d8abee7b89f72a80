//! Leases: work that only one node does at a time.

use diesel::prelude::*;

use super::Transaction;
use super::schema::leases;
use crate::base::clock::Timestamp;
use crate::base::error::Result;

/// Takes or renews the lease `name` for `holder` until `until`. Returns whether `holder` has it
/// now. Since write transactions run one after another across all nodes, only one node holds it at
/// a time.
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

/// Releases the lease `name`, if `holder` has it.
pub fn release(tx: &mut Transaction<'_>, name: &str, holder: &str) -> Result<()> {
    diesel::delete(leases::table.find(name).filter(leases::holder.eq(holder)))
        .execute(&mut **tx)?;
    Ok(())
}
