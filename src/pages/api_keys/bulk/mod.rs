//! `/api-keys/bulk/…`: actions on several keys at once, selected in a list.

pub(super) mod disable;
pub(super) mod revoke;
pub(super) mod rotate;
pub(super) mod snooze;

use serde::Deserialize;

use super::origin::Origin;
use super::words::ago_within;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::Connection;
use crate::domain::api_keys::{self, ApiKey, KeyId, Status};
use crate::pages::{Dialog, Input};
use crate::web::query;

const SELECT_FIRST: &str = "Select at least one key.";
/// How many keys can be selected at once: a page of active keys and the list of inactive ones.
const MAX_KEYS: usize = 100;

/// The list from which keys were selected.
fn origin<D: Dialog>(input: &Input<D>) -> Origin {
    Origin::read(&input.return_to).unwrap_or_else(Origin::attention)
}

/// The keys in a URL.
fn keys_in_query(query: &str) -> Vec<String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Parameters {
        keys: Vec<String>,
    }
    query::read::<Parameters>(query).keys
}

/// The key IDs among `texts`, without duplicates.
///
/// # Errors
/// [`Error::Invalid`] if there are more than [`MAX_KEYS`].
fn ids(texts: &[String]) -> Result<Vec<KeyId>> {
    let mut ids: Vec<KeyId> = texts.iter().filter_map(|text| KeyId::parse(text)).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MAX_KEYS {
        return Err(Error::invalid("", format!("Choose {MAX_KEYS} keys or fewer")));
    }
    Ok(ids)
}

/// The keys with the IDs in `texts`, sorted by name.
fn keys(connection: &mut Connection, texts: &[String]) -> Result<Vec<ApiKey>> {
    let ids = ids(texts)?;
    let texts: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
    let mut keys = api_keys::by_ids(connection, &texts)?;
    keys.sort_by_cached_key(|key| (key.name.sort_key(), key.id));
    Ok(keys)
}

/// The keys that are not revoked.
fn live(connection: &mut Connection, texts: &[String]) -> Result<Vec<ApiKey>> {
    let mut keys = keys(connection, texts)?;
    keys.retain(|key| key.revoked_at.is_none());
    Ok(keys)
}

/// Why there is nothing to do: no key was selected, or the action applies to `none` of them.
fn nothing(texts: &[String], none: &'static str) -> &'static str {
    let is_key = |text: &String| KeyId::parse(text).is_some();
    if texts.iter().any(is_key) { none } else { SELECT_FIRST }
}

/// A selected key, for the list in dialogs.
struct Selected {
    id: String,
    name: String,
    used: String,
}

impl Selected {
    fn all(keys: &[ApiKey], now: Timestamp) -> Vec<Self> {
        keys.iter().map(|key| Self::new(key, now)).collect()
    }

    fn new(key: &ApiKey, now: Timestamp) -> Self {
        let used = match (key.status(now), key.last_used_at) {
            (Status::Revoked, _) => "Revoked".into(),
            (Status::Disabled, _) => "Disabled".into(),
            (_, None) => "Never used".into(),
            (_, Some(at)) => format!("Last used {}", ago_within(at, now)),
        };
        Self { id: key.id.as_str().into(), name: key.name.as_str().into(), used }
    }
}

/// `“Billing worker”` for one key, `3 keys` for several.
fn named(keys: &[ApiKey]) -> String {
    match keys {
        [key] => text::quoted(key.name.as_str()),
        keys => format!("{} keys", keys.len()),
    }
}
