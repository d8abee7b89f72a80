//! `/api-keys/selected/…`: what is done to several keys at once, out of those that need attention.

pub(super) mod keep;
pub(super) mod revoke;
pub(super) mod rotate;

use serde::Deserialize;

use super::words::ago_within;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::api_keys::{self, ApiKey, KeyId, Status};
use crate::pages::Visit;
use crate::web::flash::Notice;

/// Where the keys that need attention are listed.
pub(super) const LIST: &str = "/api-keys?view=attention";
/// How many keys can be selected at once: a page of those that work and the list of those that do not.
const MOST: usize = 100;

/// The keys that an address names.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub keys: Vec<String>,
}

/// The Key IDs among `texts`, each once.
///
/// # Errors
/// [`Error::Invalid`] when there are more than [`MOST`].
pub(super) fn ids(texts: &[String]) -> Result<Vec<KeyId>> {
    let mut ids: Vec<KeyId> = texts.iter().filter_map(|text| KeyId::parse(text)).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MOST {
        return Err(Error::invalid("", format!("Choose {MOST} keys or fewer")));
    }
    Ok(ids)
}

/// The keys with those ids, by name.
pub(super) fn keys(connection: &mut Connection, ids: &[KeyId]) -> Result<Vec<ApiKey>> {
    let texts: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
    let mut keys = api_keys::by_ids(connection, &texts)?;
    keys.sort_by_cached_key(|key| (key.name.sort_key(), key.id));
    Ok(keys)
}

/// Those of the keys that are not revoked.
pub(super) fn live(connection: &mut Connection, ids: &[KeyId]) -> Result<Vec<ApiKey>> {
    let mut keys = keys(connection, ids)?;
    keys.retain(|key| key.revoked_at.is_none());
    Ok(keys)
}

/// A selected key, as dialogs list it.
pub(super) struct Selected {
    pub id: String,
    pub name: String,
    pub used: String,
}

impl Selected {
    fn all(keys: &[ApiKey], now: Timestamp) -> Vec<Self> {
        keys.iter().map(|key| Self::new(key, now)).collect()
    }

    fn new(key: &ApiKey, now: Timestamp) -> Self {
        let used = match (key.status(now), key.last_used_at) {
            (Status::Revoked, _) => "Revoked".into(),
            (_, None) => "Never used".into(),
            (_, Some(at)) => format!("Last used {}", ago_within(at, now)),
        };
        Self { id: key.id.as_str().into(), name: key.name.as_str().into(), used }
    }
}

/// `“Billing worker”` for one, `3 keys` for several.
pub(super) fn named(keys: &[ApiKey]) -> String {
    match keys {
        [key] => format!("“{}”", key.name.as_str()),
        keys => format!("{} keys", keys.len()),
    }
}

/// Back to the list, with word that there is nothing to do.
pub(super) fn nothing(viewer: &Visit, text: &str) -> Result<actix_web::HttpResponse> {
    Notice::note(text).set(viewer.session())?;
    Ok(crate::web::page::see_other(LIST))
}
