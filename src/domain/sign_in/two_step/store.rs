//! The SQL of authenticator apps and recovery codes.

use diesel::prelude::*;

use super::AuthenticatorApp;
use super::app::{self, AppSecret};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::schema::{member_recovery_codes, member_totp, members};
use crate::db::{Connection, Transaction};
use crate::domain::members::MemberId;

/// The app of a member, and the last time step of which a code was accepted.
pub(super) struct StoredApp {
    pub secret: AppSecret,
    pub last_step: i64,
}

pub(super) fn app(
    connection: &mut Connection,
    keyring: &Keyring,
    member: &MemberId,
) -> Result<Option<StoredApp>> {
    let row: Option<(Vec<u8>, i64)> = member_totp::table
        .find(member)
        .select((member_totp::secret, member_totp::last_step))
        .first(connection)
        .optional()?;
    let Some((sealed, last_step)) = row else { return Ok(None) };
    let secret = keyring.unseal(&label(member), &sealed);
    let secret = secret.and_then(|bytes| AppSecret::from_bytes(&bytes));
    let secret = secret.ok_or_else(|| Error::internal("the secret of an app is not readable"))?;
    Ok(Some(StoredApp { secret, last_step }))
}

/// When the member's app was set up and last used.
pub(super) fn app_times(
    connection: &mut Connection,
    member: &MemberId,
) -> Result<Option<AuthenticatorApp>> {
    let row: Option<(Timestamp, i64)> = member_totp::table
        .find(member)
        .select((member_totp::confirmed_at, member_totp::last_step))
        .first(connection)
        .optional()?;
    Ok(row.map(|(added_at, step)| AuthenticatorApp {
        added_at,
        last_used_at: app::start_of(step).max(added_at),
    }))
}

pub(super) fn replace_app(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    member: &MemberId,
    app: &StoredApp,
    now: Timestamp,
) -> Result<()> {
    delete_app(tx, member)?;
    diesel::insert_into(member_totp::table)
        .values((
            member_totp::member_id.eq(member),
            member_totp::secret.eq(keyring.seal(&label(member), app.secret.bytes())?),
            member_totp::last_step.eq(app.last_step),
            member_totp::confirmed_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Encrypts what is stored of apps under the master key `to` instead of `from`. Recovery codes cannot
/// be carried over, because only their hashes are known: they end. Returns how many members had some.
pub fn change_master_key(tx: &mut Transaction<'_>, from: &Keyring, to: &Keyring) -> Result<usize> {
    reseal_apps(tx, from, to)?;
    delete_all_codes(tx)
}

/// Encrypts the secrets of all apps under the master key `to` instead of `from`.
fn reseal_apps(tx: &mut Transaction<'_>, from: &Keyring, to: &Keyring) -> Result<()> {
    let rows: Vec<(MemberId, Vec<u8>)> =
        member_totp::table.select((member_totp::member_id, member_totp::secret)).load(&mut **tx)?;
    for (member, sealed) in rows {
        diesel::update(member_totp::table.find(&member))
            .set(member_totp::secret.eq(to.reseal(from, &label(&member), &sealed)?))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// Deletes the recovery codes of all members; returns how many members had unused ones.
fn delete_all_codes(tx: &mut Transaction<'_>) -> Result<usize> {
    let members: Vec<MemberId> = member_recovery_codes::table
        .filter(member_recovery_codes::used_at.is_null())
        .select(member_recovery_codes::member_id)
        .distinct()
        .load(&mut **tx)?;
    diesel::delete(member_recovery_codes::table).execute(&mut **tx)?;
    Ok(members.len())
}

pub(super) fn set_last_step(tx: &mut Transaction<'_>, member: &MemberId, step: i64) -> Result<()> {
    diesel::update(member_totp::table.find(member))
        .set(member_totp::last_step.eq(step))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete_app(tx: &mut Transaction<'_>, member: &MemberId) -> Result<bool> {
    Ok(diesel::delete(member_totp::table.find(member)).execute(&mut **tx)? > 0)
}

/// How many recovery codes the member has not used.
pub(super) fn count_codes(connection: &mut Connection, member: &MemberId) -> Result<i64> {
    Ok(member_recovery_codes::table
        .filter(member_recovery_codes::member_id.eq(member))
        .filter(member_recovery_codes::used_at.is_null())
        .count()
        .get_result(connection)?)
}

pub(super) fn replace_codes(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    hashes: &[String],
) -> Result<()> {
    delete_codes(tx, member)?;
    for hash in hashes {
        diesel::insert_into(member_recovery_codes::table)
            .values((
                member_recovery_codes::member_id.eq(member),
                member_recovery_codes::code_hash.eq(hash),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// Marks the member's code as used. Returns whether there was an unused one.
pub(super) fn use_code(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let code = member_recovery_codes::table.find((member, hash));
    let updated = diesel::update(code.filter(member_recovery_codes::used_at.is_null()))
        .set(member_recovery_codes::used_at.eq(now))
        .execute(&mut **tx)?;
    Ok(updated > 0)
}

pub(super) fn delete_codes(tx: &mut Transaction<'_>, member: &MemberId) -> Result<()> {
    let codes = member_recovery_codes::table.filter(member_recovery_codes::member_id.eq(member));
    diesel::delete(codes).execute(&mut **tx)?;
    Ok(())
}

/// Records since when the member has had a second factor, and that something was changed.
pub(super) fn set_since(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    since: Option<Timestamp>,
) -> Result<()> {
    diesel::update(members::table.find(member))
        .set((
            members::two_step_since.eq(since),
            members::two_step_version.eq(members::two_step_version + 1),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// How often the member's second factors were changed.
pub(super) fn version(connection: &mut Connection, member: &MemberId) -> Result<i64> {
    Ok(members::table.find(member).select(members::two_step_version).first(connection)?)
}

fn label(member: &MemberId) -> String {
    format!("authenticator app of {}", member.as_str())
}
