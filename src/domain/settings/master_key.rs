//! Which master key the database belongs to, and which it belonged to before.

use super::Settings;
use super::store::{self, FormerRow};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::{DerivedKey, FormerKeys, KeyFile, Keyring, Purpose, hex};
use crate::db::{Connection, Transaction};

/// Announced when the master key was rotated.
pub const ROTATED: &str = "settings.master_key";

/// The header of `/healthz` that names the installation.
pub const INSTALLATION_HEADER: &str = "latchkey-installation";

/// A master key that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormerMasterKey {
    pub replaced_at: Timestamp,
    /// Whether digests under it are still accepted.
    pub is_accepted: bool,
}

/// Writes the default settings into a new database. For an existing database, checks that it
/// belongs to this master key, because with another one no secret key would be valid.
pub fn prepare(tx: &mut Transaction<'_>, keyring: &Keyring) -> Result<()> {
    match store::master_key_check(tx)? {
        None => store::insert(tx, &Settings::default(), &check_of(keyring)),
        Some(_) => check(tx, keyring),
    }
}

/// Whether the database has been set up with a master key.
pub fn exists(connection: &mut Connection) -> Result<bool> {
    Ok(store::master_key_check(connection)?.is_some())
}

/// The master key in `file` that the database belongs to, with what is still needed of those before
/// it. For a new database, the newest one.
///
/// # Errors
/// [`Error::Internal`] if the database belongs to none of them.
pub fn keyring(connection: &mut Connection, file: &KeyFile) -> Result<Keyring> {
    let Some(stored) = store::master_key_check(connection)? else {
        return Ok(file.newest().clone());
    };
    let fitting = file.keys().iter().find(|keyring| check_of(keyring) == stored);
    with_former(connection, fitting.ok_or_else(not_fitting)?)
}

/// Checks that the database belongs to this master key.
pub fn check(connection: &mut Connection, keyring: &Keyring) -> Result<()> {
    match store::master_key_check(connection)? {
        Some(stored) if stored == check_of(keyring) => Ok(()),
        _ => Err(not_fitting()),
    }
}

/// Whether this is still the master key that the database belongs to, and accepts the same digests.
pub fn is_current(connection: &mut Connection, keyring: &Keyring) -> Result<bool> {
    let accepts_former = former(connection)?.last().is_some_and(|former| former.is_accepted);
    let stored = store::master_key_check(connection)?;
    Ok(stored.is_some_and(|stored| stored == check_of(keyring))
        && accepts_former == keyring.accepts_former_pepper())
}

fn not_fitting() -> Error {
    Error::Internal(
        "the database was made with another secret key file: give that one with --secret-key-file"
            .into(),
    )
}

/// The name of the installation, by which it recognises itself behind its public URL. It says nothing
/// about the master key that it is made from.
pub fn installation_name(keyring: &Keyring) -> String {
    hex(&keyring.mac(Purpose::Check, &[b"installation"])[..8])
}

/// Identifies the master key without revealing it: the first 16 of 64 hexadecimal digits.
pub fn fingerprint(keyring: &Keyring) -> String {
    shortened(&check_of(keyring))
}

/// The fingerprint of the master key that the database belongs to.
pub fn stored_fingerprint(connection: &mut Connection) -> Result<String> {
    let stored = store::master_key_check(connection)?;
    Ok(shortened(&stored.unwrap_or_default()))
}

fn shortened(check: &str) -> String {
    check.chars().take(16).collect()
}

fn check_of(keyring: &Keyring) -> String {
    hex(&keyring.mac(Purpose::Check, &[b"database"]))
}

/// The master keys that were replaced, oldest first.
pub fn former(connection: &mut Connection) -> Result<Vec<FormerMasterKey>> {
    let rows = store::former_keys(connection)?;
    Ok(rows.iter().map(FormerMasterKey::from).collect())
}

/// Replaces the master key of the database, `from`, by `to`. Returns the keyring for it. The last
/// entry of the activity under `from` has the number `last_entry`.
pub fn replace(
    tx: &mut Transaction<'_>,
    from: &Keyring,
    to: &Keyring,
    last_entry: i64,
    now: Timestamp,
) -> Result<Keyring> {
    for row in store::former_keys(tx)? {
        let activity_key = row.activity_key(from)?;
        // Only the pepper before the current one is ever accepted.
        store::replace_former_key(tx, row.sealed(to, &activity_key, None)?)?;
    }
    let new = FormerRow {
        generation: from.generation(),
        replaced_at: now,
        last_entry,
        activity_key: Vec::new(),
        pepper: None,
    };
    let pepper = from.derived(Purpose::Pepper);
    let new = new.sealed(to, &from.derived(Purpose::Activity), Some(&pepper))?;
    store::replace_former_key(tx, new)?;
    store::set_master_key_check(tx, &check_of(to))?;
    with_former(tx, to)
}

/// No longer accepts digests under the pepper of the master key before the current one.
pub fn end_pepper(tx: &mut Transaction<'_>) -> Result<()> {
    store::end_peppers(tx)
}

/// The master key `keyring`, which the database belongs to, with what is still needed of those before
/// it.
pub fn with_former(connection: &mut Connection, keyring: &Keyring) -> Result<Keyring> {
    let rows = store::former_keys(connection)?;
    let Some(last) = rows.last() else { return Ok(keyring.clone()) };
    let activity = rows.iter().map(|row| Ok((row.last_entry, row.activity_key(keyring)?)));
    let former =
        FormerKeys { activity: activity.collect::<Result<_>>()?, pepper: last.pepper(keyring)? };
    Ok(keyring.succeeding(last.generation + 1, former))
}

impl FormerRow {
    /// The labels contain what must not be changed in the database.
    fn labels(&self) -> [String; 2] {
        let generation = self.generation;
        [
            format!("activity key {generation} up to entry {}", self.last_entry),
            format!("pepper {generation}"),
        ]
    }

    fn activity_key(&self, keyring: &Keyring) -> Result<DerivedKey> {
        unseal(keyring, &self.labels()[0], &self.activity_key)
    }

    fn pepper(&self, keyring: &Keyring) -> Result<Option<DerivedKey>> {
        let label = &self.labels()[1];
        self.pepper.as_ref().map(|sealed| unseal(keyring, label, sealed)).transpose()
    }

    /// The same row with these keys, sealed under `keyring`.
    fn sealed(
        self,
        keyring: &Keyring,
        activity_key: &DerivedKey,
        pepper: Option<&DerivedKey>,
    ) -> Result<Self> {
        let [activity_label, pepper_label] = self.labels();
        Ok(Self {
            activity_key: keyring.seal(&activity_label, activity_key.as_slice())?,
            pepper: pepper.map(|key| keyring.seal(&pepper_label, key.as_slice())).transpose()?,
            ..self
        })
    }
}

fn unseal(keyring: &Keyring, label: &str, sealed: &[u8]) -> Result<DerivedKey> {
    let bytes = keyring.unseal(label, sealed);
    let key = bytes.and_then(|bytes| bytes.as_slice().try_into().ok().map(DerivedKey::new));
    key.ok_or_else(|| Error::internal("what is kept of a former master key cannot be read"))
}

impl From<&FormerRow> for FormerMasterKey {
    fn from(row: &FormerRow) -> Self {
        Self { replaced_at: row.replaced_at, is_accepted: row.pepper.is_some() }
    }
}
