//! Edits of API keys that would deny requests which pass now: they have to be confirmed.
//!
//! Uses `api_keys` and usage.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use time::Date;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::hex;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, Details, Draft, IpWhitelist, KeyId, Status};
use crate::domain::usage::{
    self, AllowedRequests, SeenAddress, UNUSED_SCOPE_DAYS, WhitelistEffect,
};

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

    /// Distinguishes this impact of an edit to `after` from every other one that must be confirmed
    /// again. While requests arrive, their number grows, also from further addresses, so only its
    /// order of magnitude counts.
    pub fn fingerprint(&self, after: &Details) -> String {
        let denied = self.whitelist.as_ref().map(|effect| effect.count.max(1).ilog2());
        let scopes = self.scopes.as_ref().map(|lost| &lost.names);
        let list = after.ip_whitelist.to_string();
        let shown = (after.key.id.as_str(), list, denied, scopes, self.last_day);
        hex(&Sha256::digest(format!("{shown:?}")))
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
    if !impact.is_none() && impact.fingerprint(&after) != confirmed {
        let message = "Requests that pass now would be denied. Check which, then save again";
        return Err(Error::invalid(CONFIRMED, message));
    }
    Ok(key)
}

/// The impact of a draft, and its fingerprint; `None` if the draft is invalid or denies nothing.
pub fn of_draft(
    connection: &mut Connection,
    before: &Details,
    draft: &Draft,
    now: Timestamp,
) -> Result<Option<(Impact, String)>> {
    let Ok(after) = api_keys::edited(connection, before, draft, now)? else { return Ok(None) };
    let impact = of(connection, before, &after, now)?;
    let fingerprint = impact.fingerprint(&after);
    Ok((!impact.is_none()).then_some((impact, fingerprint)))
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

/// The requests that the whitelist `before` allows and `after` would have denied.
fn newly_denied(
    passed: &AllowedRequests,
    before: &IpWhitelist,
    after: &IpWhitelist,
) -> Option<WhitelistEffect> {
    let mut effect = passed.effect_of(after);
    if !before.addresses().is_empty() && !after.addresses().is_empty() {
        let is_in =
            |list: &IpWhitelist, seen: &SeenAddress| list.addresses().contains(&seen.address);
        let denied =
            passed.addresses.iter().filter(|seen| is_in(before, seen) && !is_in(after, seen));
        effect.count = denied.clone().map(|seen| seen.count).sum();
        effect.addresses = denied.map(|seen| seen.address).collect();
    }
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
