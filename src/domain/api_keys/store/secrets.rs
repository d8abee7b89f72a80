//! The SQL of a key's secrets.

mod former;

use diesel::prelude::*;

pub use former::{forget_proofs, prove_digests, under_former_pepper};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::{api_key_secrets, api_keys};
use crate::db::types::OrNever;
use crate::db::{Connection, Transaction, Value, execute_for};
use crate::domain::api_keys::{ApiKey, KeyId, LastUse};
use crate::domain::settings::Settings;

/// The stored data of a key's secret.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_key_secrets)]
pub struct StoredSecret {
    /// The number of the secret. The first secret has number 1, and every rotation adds one.
    pub number: i64,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When a newer secret supersedes it.
    pub superseded_at: Option<Timestamp>,
    /// When a request with it was last allowed, if that was recorded.
    #[diesel(deserialize_as = OrNever)]
    pub last_used_at: Option<Timestamp>,
    pub last_used_address: Option<String>,
}

/// The secrets of a key, newest first.
pub(in crate::domain::api_keys) fn secrets(
    connection: &mut Connection,
    id: &KeyId,
) -> Result<Vec<StoredSecret>> {
    Ok(api_key_secrets::table
        .filter(api_key_secrets::key_id.eq(id))
        .order(api_key_secrets::number.desc())
        .select(StoredSecret::as_select())
        .load(connection)?)
}

/// Adds a secret to `key`, and stores the key's changed values.
pub(in crate::domain::api_keys) fn add_secret(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    number: i64,
    (digest, generation): (&[u8; 32], i32),
    settings: &Settings,
) -> Result<()> {
    diesel::update(api_keys::table.find(&key.id))
        .set((
            api_keys::version.eq(key.version),
            api_keys::expires_at.eq(key.expires_at),
            api_keys::secret_created_at.eq(key.secret_created_at),
            api_keys::attention_at.eq(key.attention_at(settings)),
        ))
        .execute(&mut **tx)?;
    diesel::insert_into(api_key_secrets::table)
        .values((
            api_key_secrets::digest.eq(digest),
            api_key_secrets::key_id.eq(&key.id),
            api_key_secrets::pepper_version.eq(generation),
            api_key_secrets::created_at.eq(key.secret_created_at),
            api_key_secrets::expires_at.eq(key.expires_at),
            api_key_secrets::number.eq(number),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Ends a secret at `end`.
pub(in crate::domain::api_keys) fn supersede(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    number: i64,
    end: Timestamp,
) -> Result<()> {
    diesel::update(api_key_secrets::table)
        .filter(api_key_secrets::key_id.eq(id))
        .filter(api_key_secrets::number.eq(number))
        .set(api_key_secrets::superseded_at.eq(end))
        .execute(&mut **tx)?;
    Ok(())
}

/// Copies a key's last use to its only secret. From the rotation on, the last use is recorded for
/// each secret.
pub(in crate::domain::api_keys) fn note_use(tx: &mut Transaction<'_>, key: &ApiKey) -> Result<()> {
    diesel::update(api_key_secrets::table)
        .filter(api_key_secrets::key_id.eq(&key.id))
        .set((
            api_key_secrets::last_used_at.eq(key.last_used_at.unwrap_or_default()),
            api_key_secrets::last_used_address.eq(&key.last_used_address),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Records the last use of up to a few hundred secrets. Only affects the secrets of rotated keys.
pub(in crate::domain::api_keys) fn secrets_used<'a>(
    tx: &mut Transaction<'_>,
    uses: impl Iterator<Item = &'a LastUse>,
) -> Result<()> {
    let rows = uses.map(|used| {
        let address = used.address.map(|address| address.to_string());
        [
            Value::Text(used.key_id.as_str()),
            Value::Number(used.secret),
            used.at.into(),
            Value::Optional(address),
        ]
    });
    execute_for(
        tx,
        "WITH used (key_id, number, at, address) AS (VALUES ",
        &rows.collect::<Vec<_>>(),
        ") UPDATE api_key_secrets \
         SET last_used_at = used.at, last_used_address = used.address FROM used \
         WHERE api_key_secrets.key_id = used.key_id AND api_key_secrets.number = used.number \
         AND api_key_secrets.last_used_at < used.at \
         AND (used.number > 1 OR api_key_secrets.superseded_at IS NOT NULL)",
    )
}
