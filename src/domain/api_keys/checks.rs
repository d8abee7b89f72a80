//! Checks of a form against the database. Their errors are added to the errors of the fields.

use super::{ApiKey, ExternalId, KeyId, KeyName, is_in_use, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Invalid, Result};
use crate::base::text;
use crate::db::Transaction;
use crate::domain::settings::Settings;

/// Adds an error if the limit of active keys is reached.
pub(super) fn check_active_limit(
    tx: &mut Transaction<'_>,
    settings: &Settings,
    now: Timestamp,
    invalid: &mut Invalid,
) -> Result<()> {
    let limit = settings.active_key_limit;
    if store::count_active(tx, now, limit)? >= limit {
        let limit = crate::base::text::thousands(limit.unsigned_abs());
        let message =
            format!("You have reached the limit of {limit} keys. Revoke one you no longer use");
        invalid.add("", message);
    }
    Ok(())
}

/// Adds an error if another key that is not revoked has this name.
pub(super) fn check_name_is_free(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    name: &str,
    invalid: &mut Invalid,
) -> Result<()> {
    if let Ok(name) = KeyName::parse(name)
        && store::is_name_taken(tx, &name, id)?
    {
        invalid
            .add("name", format!("Another key is already called {}", text::quoted(name.as_str())));
    }
    Ok(())
}

/// Adds an error if another key that is not revoked has this external id.
pub(super) fn check_external_id_is_free(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    external_id: &str,
    invalid: &mut Invalid,
) -> Result<()> {
    if let Ok(external_id) = ExternalId::parse(external_id)
        && let Some(name) = store::name_with_external_id(tx, &external_id, id)?
    {
        let message =
            format!("The key {} already has this external ID", text::quoted(name.as_str()));
        invalid.add("external_id", message);
    }
    Ok(())
}

/// Checks the text that confirms that a key in use is revoked or disabled.
pub fn check_confirmation(key: &ApiKey, typed: &str, now: Timestamp) -> Result<(), String> {
    let last_four = key.id.last_four();
    if is_in_use(key, now) && !typed.trim().eq_ignore_ascii_case(last_four) {
        return Err(format!("Type {last_four} to confirm that it is the right key"));
    }
    Ok(())
}
