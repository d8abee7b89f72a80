//! Edits of API keys that would deny requests which pass now: they have to be confirmed.
//!
//! Uses `api_keys` and usage.

use std::collections::BTreeSet;
use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use time::Date;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::hex;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, Details, Draft, IpWhitelist, KeyId, Status};
use crate::domain::usage::{self, AllowedRequests, UNUSED_SCOPE_DAYS, WhitelistEffect};

/// The field of the form with the fingerprint of the impact that was shown.
pub const CONFIRMED: &str = "confirmed";

/// The requests that an edit would deny, although requests like them pass now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Those whose address is not in the new IP whitelist.
    pub whitelist: Option<WhitelistEffect>,
    /// Those that need these scopes, which the key would lose.
    pub scopes: Option<LostScopes>,
    /// Those after this day, the key's new last day, which is earlier than its last day now.
    pub last_day: Option<Date>,
}

/// Scopes that a key would lose and may need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostScopes {
    pub names: Vec<String>,
    /// Whether requests have asked for them. Otherwise, requests do not name the scope that they
    /// need.
    pub are_requested: bool,
}

impl Impact {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Distinguishes this impact from every other one that must be confirmed again. While requests
    /// arrive, their number grows, so only its order of magnitude counts.
    pub fn fingerprint(&self) -> String {
        let magnitude = |count: i64| count.max(1).ilog2();
        let whitelist = self.whitelist.as_ref().map(|effect| {
            let addresses: BTreeSet<_> = effect.addresses.iter().collect();
            (magnitude(effect.count), addresses)
        });
        let scopes = self.scopes.as_ref().map(|lost| &lost.names);
        hex(&Sha256::digest(format!("{whitelist:?} {scopes:?} {:?}", self.last_day)))
    }
}

/// Edits version `version` of a key. If the edit would deny requests that pass now, the member must
/// have confirmed it: `confirmed` is the fingerprint of the impact that was shown.
///
/// # Errors
/// The errors of [`api_keys::edit`], and [`Error::Invalid`] for [`CONFIRMED`] if the impact is not
/// the one that was shown.
pub fn edit(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    draft: &Draft,
    version: i64,
    confirmed: &str,
    context: &Context,
) -> Result<ApiKey> {
    let before = api_keys::find(tx, id)?.ok_or(Error::NotFound)?;
    let key = api_keys::edit(tx, id, draft, version, context)?;
    let after = api_keys::find(tx, id)?.ok_or(Error::NotFound)?;
    let impact = of(tx, &before, &after, context.now)?;
    if !impact.is_none() && impact.fingerprint() != confirmed {
        let message = "Requests that pass now would be denied. Check which, then save again";
        return Err(Error::invalid(CONFIRMED, message));
    }
    Ok(key)
}

/// The impact of a draft that is valid; no impact if it is not.
pub fn of_draft(
    connection: &mut Connection,
    before: &Details,
    draft: &Draft,
    now: Timestamp,
) -> Result<Impact> {
    match api_keys::edited(connection, before, draft, now)? {
        Ok(after) => of(connection, before, &after, now),
        Err(_) => Ok(Impact::default()),
    }
}

/// The impact of the change from `before` to `after`. A key that passes nothing now loses nothing.
fn of(
    connection: &mut Connection,
    before: &Details,
    after: &Details,
    now: Timestamp,
) -> Result<Impact> {
    let key = &before.key;
    if key.status(now) != Status::Active {
        return Ok(Impact::default());
    }
    let whitelist = if before.ip_whitelist == after.ip_whitelist {
        None
    } else {
        let passed = usage::allowed_requests(connection, &key.id, now)?;
        newly_denied(&passed, &before.ip_whitelist, &after.ip_whitelist)
    };
    let is_earlier = after.key.expires_at < key.expires_at && api_keys::is_in_use(key, now);
    Ok(Impact {
        whitelist,
        scopes: lost_scopes(connection, before, after, now)?,
        last_day: is_earlier.then(|| after.key.expires_at.last_day()),
    })
}

/// The requests that the whitelist `after` would have denied and `before` does not.
fn newly_denied(
    passed: &AllowedRequests,
    before: &IpWhitelist,
    after: &IpWhitelist,
) -> Option<WhitelistEffect> {
    let (denied, effect) = (passed.effect_of(before), passed.effect_of(after));
    let is_new = |address: &IpAddr| !denied.addresses.contains(address);
    let effect = WhitelistEffect {
        count: effect.count - denied.count,
        addresses: effect.addresses.into_iter().filter(is_new).collect(),
        of: effect.of,
    };
    (effect.count > 0).then_some(effect)
}

fn lost_scopes(
    connection: &mut Connection,
    before: &Details,
    after: &Details,
    now: Timestamp,
) -> Result<Option<LostScopes>> {
    let kept = after.effective_scopes();
    let lost: BTreeSet<String> = before.effective_scopes().difference(&kept).cloned().collect();
    if lost.is_empty() {
        return Ok(None);
    }
    let mut requested = usage::scope_requests(connection, &before.key.id)?;
    // Days are stored by their start, so the day that began before the period counts too.
    requested.retain(|_, day| now.since(*day) < (UNUSED_SCOPE_DAYS + 1) * DAY);
    let are_requested = !requested.is_empty();
    let names: Vec<String> = if are_requested {
        lost.into_iter().filter(|scope| requested.contains_key(scope)).collect()
    } else if api_keys::is_in_use(&before.key, now) {
        lost.into_iter().collect()
    } else {
        Vec::new()
    };
    Ok((!names.is_empty()).then_some(LostScopes { names, are_requested }))
}
