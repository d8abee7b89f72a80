//! The SQL of keys, their scopes, addresses and secrets.

mod attention;
mod batch;
mod counts;
mod creators;
mod disabling;
mod holders;
mod last_use;
mod names;
mod secrets;
mod table;

use std::collections::BTreeSet;

use diesel::prelude::*;

pub(super) use attention::{
    expiring, flagged, inactive_but_flagged, needing_attention_among, no_longer_used, overlapping,
    secrets_of, set_flags,
};
pub(super) use batch::{
    active_after, addresses_of_all, first_created_at, labels_of_all, listing_address, scopes_of_all,
};
pub(super) use counts::{count_needing_attention, totals};
pub(super) use creators::{created_by, creator_after, not_revoked_among};
pub use disabling::Disabling;
pub(super) use disabling::{mark_used, scheduled, set_disabling, skipped};
pub(super) use holders::{
    KeyFilter, count_selecting, deselect_in_revoked, losing, losing_all, of_role, selected_scopes,
    selecting,
};
pub(super) use last_use::{
    count_used, least_used, never_used, not_revoked, record_last_uses, row_numbers, set_attention,
};
pub(super) use names::{
    NameRow, is_name_taken, name_with_external_id, names_after, names_of, search_text,
    set_name_forms,
};
pub use secrets::{StoredSecret, forget_proofs, prove_digests, under_former_pepper};
pub(super) use secrets::{add_secret, note_use, secrets, secrets_used, supersede};
pub(super) use table::{among, ids, walk};

use super::{Details, Environment, ExternalId, IpWhitelist, KeyId, KeyName, Labels, Owner};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::{
    api_key_addresses, api_key_labels, api_key_scopes, api_key_secrets, api_keys,
};
use crate::db::types::OrNever;
use crate::db::{Connection, Transaction, on_each};
use crate::domain::settings::Settings;

/// A key, without its scopes and whitelist.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    pub id: KeyId,
    pub name: KeyName,
    /// It never changes, because it is part of the secret key.
    pub environment: Environment,
    pub role_id: String,
    /// Whether it has all of its role's scopes, also when the role changes.
    pub all_role_scopes: bool,
    /// Where the key is used, and whom to ask about it.
    pub notes: String,
    /// Whose key it is; an API receives it with every request.
    pub owner: Owner,
    /// The key's id in another system.
    pub external_id: ExternalId,
    /// Counts the edits, so that concurrent edits are detected.
    pub version: i64,
    pub created_at: Timestamp,
    /// The id of the member who created it.
    pub created_by: String,
    pub edited_at: Option<Timestamp>,
    /// From this time on, requests with the key are denied.
    pub expires_at: Timestamp,
    /// When its current secret key was created.
    pub secret_created_at: Timestamp,
    /// When a request with it was last allowed.
    #[diesel(deserialize_as = OrNever)]
    pub last_used_at: Option<Timestamp>,
    /// The client's address of the last allowed request.
    pub last_used_address: Option<String>,
    pub revoked_at: Option<Timestamp>,
    #[diesel(embed)]
    pub disabling: Disabling,
    /// Since when something outside the key's own data needs attention.
    #[diesel(column_name = noted_at)]
    pub flagged_at: Option<Timestamp>,
    /// When somebody last reviewed what needs attention, and kept the key as it is.
    #[diesel(column_name = reviewed_at)]
    pub snoozed_at: Option<Timestamp>,
}

pub(super) fn find(connection: &mut Connection, id: &KeyId) -> Result<Option<ApiKey>> {
    Ok(api_keys::table.find(id).select(ApiKey::as_select()).first(connection).optional()?)
}

pub(super) fn revoked_by(connection: &mut Connection, id: &KeyId) -> Result<Option<String>> {
    let by = api_keys::table.find(id).select(api_keys::revoked_by);
    Ok(by.first::<Option<String>>(connection).optional()?.flatten())
}

pub(super) fn scopes_of(connection: &mut Connection, id: &KeyId) -> Result<BTreeSet<String>> {
    let scopes: Vec<String> = api_key_scopes::table
        .filter(api_key_scopes::key_id.eq(id))
        .select(api_key_scopes::scope)
        .load(connection)?;
    Ok(scopes.into_iter().collect())
}

pub(super) fn addresses_of(connection: &mut Connection, id: &KeyId) -> Result<IpWhitelist> {
    let addresses: Vec<String> = api_key_addresses::table
        .filter(api_key_addresses::key_id.eq(id))
        .order(api_key_addresses::position)
        .select(api_key_addresses::address)
        .load(connection)?;
    IpWhitelist::stored(&addresses)
}

pub(super) fn labels_of(connection: &mut Connection, id: &KeyId) -> Result<Labels> {
    let labels: Vec<(String, String)> = api_key_labels::table
        .filter(api_key_labels::key_id.eq(id))
        .select((api_key_labels::name, api_key_labels::value))
        .load(connection)?;
    Ok(Labels::stored(labels))
}

/// The number of active keys, counted up to `limit`.
pub(super) fn count_active(connection: &mut Connection, now: Timestamp, limit: i64) -> Result<i64> {
    counts::count_active(connection, now, limit)
}

pub(super) fn any(connection: &mut Connection) -> Result<bool> {
    let first = api_keys::table.select(api_keys::id).order(api_keys::id).limit(1);
    Ok(!first.load::<KeyId>(connection)?.is_empty())
}

pub(super) fn by_ids(connection: &mut Connection, ids: &[&str]) -> Result<Vec<ApiKey>> {
    Ok(api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .select(ApiKey::as_select())
        .load(connection)?)
}

/// The keys with an id after `after`, including revoked keys, at most `limit`.
pub(super) fn after(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<ApiKey>> {
    Ok(api_keys::table
        .filter(api_keys::id.gt(after))
        .order(api_keys::id)
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}

macro_rules! editable {
    ($details:ident, $settings:ident) => {{
        let key = &$details.key;
        (
            api_keys::name.eq(&key.name),
            api_keys::name_folded.eq(key.name.folded()),
            api_keys::name_sort.eq(key.name.sort_key()),
            api_keys::role_id.eq(&key.role_id),
            api_keys::all_role_scopes.eq(key.all_role_scopes),
            api_keys::notes.eq(&key.notes),
            api_keys::owner.eq(&key.owner),
            api_keys::external_id.eq(&key.external_id),
            api_keys::search_text.eq(search_text(&key.name.folded(), &key.owner, &key.external_id)),
            api_keys::version.eq(key.version),
            api_keys::edited_at.eq(key.edited_at),
            api_keys::expires_at.eq(key.expires_at),
            api_keys::attention_at.eq(key.attention_at($settings)),
        )
    }};
}

macro_rules! whole {
    ($details:ident, $settings:ident) => {{
        let key = &$details.key;
        let revoked_by = key.revoked_at.map(|_| &key.created_by);
        (
            api_keys::id.eq(&key.id),
            api_keys::environment.eq(key.environment),
            api_keys::created_at.eq(key.created_at),
            api_keys::created_by.eq(&key.created_by),
            api_keys::secret_created_at.eq(key.secret_created_at),
            api_keys::last_used_at.eq(key.last_used_at.unwrap_or_default()),
            api_keys::revoked_at.eq(key.revoked_at),
            api_keys::revoked_by.eq(revoked_by),
            api_keys::disabled_at.eq(key.disabling.at),
            api_keys::disabled_by.eq(&key.disabling.by),
            api_keys::disabled_reason.eq(&key.disabling.reason),
            api_keys::disabled_until.eq(key.disabling.until),
            api_keys::disabled_then.eq(key.disabling.then),
            api_keys::disabled_used.eq(key.disabling.is_used),
            editable!($details, $settings),
        )
    }};
}

/// Writes new keys with the digests of their secrets, under the master key with the number
/// `generation`. At most a few hundred at once, because
/// statements have a limit of parameters.
pub(super) fn insert(
    tx: &mut Transaction<'_>,
    new: &[(Details, [u8; 32])],
    generation: i32,
    settings: &Settings,
) -> Result<()> {
    let keys: Vec<_> = new.iter().map(|(details, _)| whole!(details, settings)).collect();
    let secrets: Vec<_> = new
        .iter()
        .map(|(Details { key, .. }, digest)| {
            (
                api_key_secrets::digest.eq(digest),
                api_key_secrets::key_id.eq(&key.id),
                api_key_secrets::pepper_version.eq(generation),
                api_key_secrets::created_at.eq(key.secret_created_at),
                api_key_secrets::expires_at.eq(key.expires_at),
            )
        })
        .collect();
    on_each!(&mut **tx, native => {
        diesel::insert_into(api_keys::table).values(&keys).execute(native)?;
        diesel::insert_into(api_key_secrets::table).values(&secrets).execute(native)?;
    });
    insert_lists(tx, new.iter().map(|(details, _)| details))
}

pub(super) fn update(
    tx: &mut Transaction<'_>,
    details: &Details,
    settings: &Settings,
) -> Result<()> {
    let id = details.key.id;
    diesel::update(api_keys::table.find(id))
        .set(editable!(details, settings))
        .execute(&mut **tx)?;
    diesel::update(api_key_secrets::table)
        .filter(api_key_secrets::key_id.eq(id))
        .filter(api_key_secrets::superseded_at.is_null())
        .set(api_key_secrets::expires_at.eq(details.key.expires_at))
        .execute(&mut **tx)?;
    diesel::delete(api_key_scopes::table.filter(api_key_scopes::key_id.eq(id)))
        .execute(&mut **tx)?;
    diesel::delete(api_key_addresses::table.filter(api_key_addresses::key_id.eq(id)))
        .execute(&mut **tx)?;
    diesel::delete(api_key_labels::table.filter(api_key_labels::key_id.eq(id)))
        .execute(&mut **tx)?;
    insert_lists(tx, [details])
}

pub(super) fn revoke(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    now: Timestamp,
    by: Option<&str>,
) -> Result<()> {
    diesel::update(api_keys::table.find(id))
        .set((api_keys::revoked_at.eq(now), api_keys::revoked_by.eq(by)))
        .execute(&mut **tx)?;
    Ok(())
}

fn insert_lists<'a>(
    tx: &mut Transaction<'_>,
    keys: impl IntoIterator<Item = &'a Details>,
) -> Result<()> {
    let (mut scopes, mut addresses, mut all_labels) = (Vec::new(), Vec::new(), Vec::new());
    for Details { key, selected, ip_whitelist, labels, .. } in keys {
        let id = key.id;
        scopes.extend(
            selected
                .iter()
                .map(|scope| (api_key_scopes::key_id.eq(id), api_key_scopes::scope.eq(scope))),
        );
        addresses.extend((0_i64..).zip(ip_whitelist.addresses()).map(|(position, address)| {
            (
                api_key_addresses::key_id.eq(id),
                api_key_addresses::position.eq(position),
                api_key_addresses::address.eq(address.to_string()),
            )
        }));
        all_labels.extend(labels.iter().map(|(name, value)| {
            (
                api_key_labels::key_id.eq(id),
                api_key_labels::name.eq(name),
                api_key_labels::value.eq(value),
            )
        }));
    }
    on_each!(&mut **tx, native => {
        diesel::insert_into(api_key_scopes::table).values(&scopes).execute(native)?;
        diesel::insert_into(api_key_addresses::table).values(&addresses).execute(native)?;
        diesel::insert_into(api_key_labels::table).values(&all_labels).execute(native)?;
    });
    Ok(())
}
