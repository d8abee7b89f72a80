//! The SQL of the provider, which has one row or none, of mappings and of used logout tokens.

use diesel::dsl::exists;
use diesel::prelude::*;
use zeroize::Zeroizing;

use super::mapping::{Mapping, MappingId};
use super::provider::{NewMembers, Provider};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::schema::{sso_logout_tokens, sso_mappings, sso_provider};
use crate::db::{Connection, Transaction};
use crate::domain::members::ways_in::Passwords;
use crate::domain::members::{Access, Permission};

/// The label under which the client secret is encrypted.
const LABEL: &str = "single sign-on client secret";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sso_provider)]
struct Row {
    id: i32,
    issuer: String,
    client_id: String,
    client_secret: Vec<u8>,
    scopes: String,
    groups_claim: String,
    button: String,
    new_members: NewMembers,
    passwords: Passwords,
    sign_out_at_provider: bool,
    version: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sso_mappings)]
struct MappingRow {
    id: MappingId,
    group_name: String,
    super_manager: bool,
    permissions: String,
}

pub(super) fn provider(connection: &mut Connection, keyring: &Keyring) -> Result<Option<Provider>> {
    let row: Option<Row> =
        sso_provider::table.select(Row::as_select()).first(connection).optional()?;
    let Some(row) = row else { return Ok(None) };
    let damaged = || Error::internal("the client secret of single sign-on cannot be read");
    let secret = keyring.unseal(LABEL, &row.client_secret).ok_or_else(damaged)?;
    let secret = str::from_utf8(&secret).map_err(|_| damaged())?;
    Ok(Some(Provider {
        issuer: row.issuer,
        client_id: row.client_id,
        client_secret: Zeroizing::new(secret.to_owned()),
        scopes: row.scopes,
        groups_claim: row.groups_claim,
        button: row.button,
        new_members: row.new_members,
        passwords: row.passwords,
        sign_out_at_provider: row.sign_out_at_provider,
        version: row.version,
        mappings: mappings(connection)?,
    }))
}

/// The text of the button on the sign-in page, and who may use passwords; `None` while single
/// sign-on is off.
pub(super) fn button(connection: &mut Connection) -> Result<Option<(String, Passwords)>> {
    let columns = (sso_provider::button, sso_provider::passwords);
    Ok(sso_provider::table.select(columns).first(connection).optional()?)
}

/// Encrypts the client secret under the master key `to` instead of `from`.
pub fn reseal(tx: &mut Transaction<'_>, from: &Keyring, to: &Keyring) -> Result<()> {
    let sealed: Option<Vec<u8>> =
        sso_provider::table.select(sso_provider::client_secret).first(&mut **tx).optional()?;
    let Some(sealed) = sealed else { return Ok(()) };
    diesel::update(sso_provider::table)
        .set(sso_provider::client_secret.eq(to.reseal(from, LABEL, &sealed)?))
        .execute(&mut **tx)?;
    Ok(())
}

/// Replaces the provider; its mappings stay.
pub(super) fn replace(
    tx: &mut Transaction<'_>,
    new: Option<&Provider>,
    keyring: &Keyring,
) -> Result<()> {
    diesel::delete(sso_provider::table).execute(&mut **tx)?;
    let Some(provider) = new else { return Ok(()) };
    let row = Row {
        id: 1,
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        client_secret: keyring.seal(LABEL, provider.client_secret.as_bytes())?,
        scopes: provider.scopes.clone(),
        groups_claim: provider.groups_claim.clone(),
        button: provider.button.clone(),
        new_members: provider.new_members,
        passwords: provider.passwords,
        sign_out_at_provider: provider.sign_out_at_provider,
        version: provider.version,
    };
    diesel::insert_into(sso_provider::table).values(row).execute(&mut **tx)?;
    Ok(())
}

/// The mappings, by the names of their groups. A permission that this version does not know gives
/// nothing.
pub(super) fn mappings(connection: &mut Connection) -> Result<Vec<Mapping>> {
    let rows: Vec<MappingRow> = sso_mappings::table
        .order(sso_mappings::group_name)
        .select(MappingRow::as_select())
        .load(connection)?;
    let mappings = rows.into_iter().map(|row| {
        let permissions = row.permissions.split(' ').filter_map(Permission::parse).collect();
        let access = Access { super_manager: row.super_manager, permissions };
        Mapping { id: row.id, group: row.group_name, access }
    });
    Ok(mappings.collect())
}

/// Adds a mapping, or replaces the one with the same id.
pub(super) fn save_mapping(tx: &mut Transaction<'_>, mapping: &Mapping) -> Result<()> {
    delete_mapping(tx, &mapping.id)?;
    let row = MappingRow {
        id: mapping.id.clone(),
        group_name: mapping.group.clone(),
        super_manager: mapping.access.super_manager,
        permissions: mapping.access.held().names().join(" "),
    };
    diesel::insert_into(sso_mappings::table).values(row).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete_mapping(tx: &mut Transaction<'_>, id: &MappingId) -> Result<()> {
    diesel::delete(sso_mappings::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete_mappings(tx: &mut Transaction<'_>) -> Result<()> {
    diesel::delete(sso_mappings::table).execute(&mut **tx)?;
    Ok(())
}

/// Notes that a logout token was used. Returns whether it was not used before.
pub(super) fn use_logout_token(
    tx: &mut Transaction<'_>,
    hash: &str,
    expires_at: Timestamp,
) -> Result<bool> {
    let used = sso_logout_tokens::table.find(hash);
    if diesel::select(exists(used)).get_result(&mut **tx)? {
        return Ok(false);
    }
    diesel::insert_into(sso_logout_tokens::table)
        .values((
            sso_logout_tokens::token_hash.eq(hash),
            sso_logout_tokens::expires_at.eq(expires_at),
        ))
        .execute(&mut **tx)?;
    Ok(true)
}

pub(super) fn delete_expired_tokens(tx: &mut Transaction<'_>, now: Timestamp) -> Result<usize> {
    let expired = sso_logout_tokens::expires_at.le(now);
    Ok(diesel::delete(sso_logout_tokens::table.filter(expired)).execute(&mut **tx)?)
}
