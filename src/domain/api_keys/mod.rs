//! API keys: create, edit, rotate, revoke and list them.
//!
//! Uses activity, settings, scopes and roles. Does not depend on the code that verifies requests.

mod attention;
mod batch;
mod changes;
mod checks;
mod creators;
mod disabling;
mod draft;
mod environment;
pub mod flaw;
pub mod gains;
pub mod holders;
pub mod import;
mod ip_whitelist;
mod key;
mod key_id;
mod last_use;
mod list;
mod names;
mod owner;
mod rotation;
mod secret;
mod store;

pub use crate::db::keyset::{MAX_COUNTED, count_text};
pub use attention::{
    count_needing_attention, expiring, flagged, inactive_but_flagged, needing_attention,
    needing_attention_among, no_longer_used, overlapping, overlaps, rotation_changed, set_flags,
    snooze,
};
pub use batch::{active_after, details_of, first_created_at, listing_address};
pub use checks::check_confirmation;
pub use creators::{created_by, creators, not_revoked_among};
pub use disabling::{
    FollowUp, Suspension, disable, enable, record_uses_while_disabled, revoke_as_scheduled,
    skip_schedule,
};
pub use draft::{Draft, last_expiry_date};
pub use environment::Environment;
pub use flaw::Flaw;
pub use ip_whitelist::IpWhitelist;
pub use key::{Badge, KeyName, SNOOZED_DAYS, Status};
pub use key_id::KeyId;
pub use last_use::{LastUse, count_used, in_order_of_rows, least_used, record_last_uses, unused};
pub use list::{Direction, Filter, Sort, Totals, View, list, totals};
pub use names::{fold_names_again, settle_name, with_shared_names};
pub use owner::{ExternalId, Labels, NO_OWNER, Owner};
pub use rotation::{Overlap, Rotation, rotate, secrets, stop_old_secret};
pub use secret::{SecretKey, former_proof};
pub use store::{
    ApiKey, Disabling, StoredSecret, forget_proofs, prove_digests, under_former_pepper,
};

use std::collections::BTreeSet;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Invalid, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context};
use crate::domain::roles::{self, Role};
use crate::domain::settings;
use checks::{check_active_limit, check_external_id_is_free, check_name_is_free};
use draft::{Rules, ValidKey};

/// A key with its role, scopes and addresses.
#[derive(Clone, Debug)]
pub struct Details {
    pub key: ApiKey,
    pub role: Role,
    /// The key's own selection of scopes; empty if it has all of the role's scopes.
    pub selected: BTreeSet<String>,
    /// The addresses that the key may be used from.
    pub ip_whitelist: IpWhitelist,
    pub labels: Labels,
}

impl Details {
    /// The scopes that the key may use: those of its role, limited to its own selection if it has
    /// one.
    pub fn effective_scopes(&self) -> BTreeSet<String> {
        if self.key.all_role_scopes {
            self.role.scopes.clone()
        } else {
            self.role.scopes.intersection(&self.selected).cloned().collect()
        }
    }
}

/// How long after its last use a key counts as in use, in milliseconds.
const IN_USE: i64 = 7 * DAY;

/// Creates the key `id` from a draft. The secret key is returned and not stored anywhere.
///
/// # Errors
/// [`Error::Invalid`] if the draft is invalid, its name is already in use, or the limit of active
/// keys is reached.
pub fn create(
    tx: &mut Transaction<'_>,
    id: KeyId,
    draft: &Draft,
    context: &Context,
) -> Result<(Details, SecretKey)> {
    let (settings, roles, now) = (settings::get(tx)?, roles::all(tx)?, context.now);
    let key_rules = Rules { settings: &settings, roles: &roles, now };
    let mut invalid = Invalid::default();
    check_active_limit(tx, &settings, now, &mut invalid)?;
    check_name_is_free(tx, &id, &draft.name, &mut invalid)?;
    check_external_id_is_free(tx, &id, &draft.external_id, &mut invalid)?;
    let (checked, environment) = invalid.and(draft.check_new(&key_rules))?;
    let secret = SecretKey::generate(&settings.secret_prefix, environment)?;
    let details = new_key(id, environment, checked, context);
    let new = [(details, secret.digest(&context.keyring))];
    store::insert(tx, &new, context.keyring.generation(), &settings)?;
    let [(details, _)] = new;
    tx.announce(id.as_str())?;
    activity::record(tx, context, &changes::created(&details))?;
    Ok((details, secret))
}

fn new_key(id: KeyId, environment: Environment, checked: ValidKey, context: &Context) -> Details {
    let key = ApiKey {
        id,
        name: checked.name,
        environment,
        role_id: checked.role.id.clone(),
        all_role_scopes: checked.scopes.is_none(),
        notes: checked.notes,
        owner: checked.owner,
        external_id: checked.external_id,
        version: 1,
        created_at: context.now,
        created_by: context.actor.id().unwrap_or_default().to_owned(),
        edited_at: None,
        expires_at: checked.expires_at,
        secret_created_at: context.now,
        last_used_at: None,
        last_used_address: None,
        revoked_at: None,
        disabling: Disabling::default(),
        flagged_at: None,
        snoozed_at: None,
    };
    Details {
        key,
        role: checked.role,
        selected: checked.scopes.unwrap_or_default(),
        ip_whitelist: checked.ip_whitelist,
        labels: checked.labels,
    }
}

/// Edits version `version` of a key. Returns the key after the edit.
///
/// # Errors
/// [`Error::Conflict`] if somebody else has changed or revoked the key, [`Error::Invalid`] if the
/// draft is invalid, [`Error::NotFound`] if there is no such key.
pub fn edit(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    draft: &Draft,
    version: i64,
    context: &Context,
) -> Result<ApiKey> {
    let before = find(tx, id)?.ok_or(Error::NotFound)?;
    if before.key.revoked_at.is_some() || before.key.version != version {
        return Err(Error::Conflict);
    }
    let mut invalid = Invalid::default();
    check_name_is_free(tx, id, &draft.name, &mut invalid)?;
    check_external_id_is_free(tx, id, &draft.external_id, &mut invalid)?;
    let mut after = invalid.and(edited(tx, &before, draft, context.now)?)?;
    let changes = changes::between(Some(&before), &after);
    if changes.is_empty() {
        return Ok(before.key);
    }
    after.key.version += 1;
    after.key.edited_at = Some(context.now);
    let settings = settings::get(tx)?;
    store::update(tx, &after, &settings)?;
    tx.announce(id.as_str())?;
    activity::record(tx, context, &changes::edited(&after.key, &changes))?;
    Ok(after.key)
}

/// A key as an edit would leave it, or what is wrong with the draft. Whether its name is free is
/// checked when it is saved.
pub fn edited(
    connection: &mut Connection,
    before: &Details,
    draft: &Draft,
    now: Timestamp,
) -> Result<Result<Details, Invalid>> {
    let (settings, roles) = (settings::get(connection)?, roles::all(connection)?);
    let key_rules = Rules { settings: &settings, roles: &roles, now };
    Ok(draft.check_edit(&before.key, &key_rules).map(|checked| apply(before, checked)))
}

/// Revokes a key permanently. Revoking it again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] if the key is in use and `confirm` is not the end of its Key ID,
/// [`Error::NotFound`] if there is no such key.
pub fn revoke(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    confirm: &str,
    context: &Context,
) -> Result<ApiKey> {
    let Details { key, .. } = find(tx, id)?.ok_or(Error::NotFound)?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let confirmed = check_confirmation(&key, confirm, context.now);
    confirmed.map_err(|message| Error::invalid("confirm", message))?;
    store::revoke(tx, id, context.now, context.actor.id())?;
    tx.announce(id.as_str())?;
    activity::record(tx, context, &changes::revoked(&key))?;
    Ok(key)
}

/// The key with this id and its details.
pub fn find(connection: &mut Connection, id: &KeyId) -> Result<Option<Details>> {
    let Some(key) = store::find(connection, id)? else { return Ok(None) };
    let role = roles::all(connection)?
        .into_iter()
        .find(|role| role.id == key.role_id)
        .ok_or_else(|| Error::internal("a key without a role"))?;
    let selected = store::scopes_of(connection, id)?;
    let ip_whitelist = store::addresses_of(connection, id)?;
    let labels = store::labels_of(connection, id)?;
    Ok(Some(Details { key, role, selected, ip_whitelist, labels }))
}

/// The id of the member who revoked a key; `None` if it is not revoked, or was revoked from the
/// command line.
pub fn revoked_by(connection: &mut Connection, id: &KeyId) -> Result<Option<String>> {
    store::revoked_by(connection, id)
}

/// The disabled keys whose schedule is due by `until`, first due first, at most `limit`; with
/// `then`, only those for which that is scheduled.
pub fn scheduled(
    connection: &mut Connection,
    then: Option<FollowUp>,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    store::scheduled(connection, then, until, limit)
}

/// The disabled keys whose schedule was due and was skipped, at most `limit`.
pub fn skipped(connection: &mut Connection, limit: i64) -> Result<Vec<KeyId>> {
    store::skipped(connection, limit)
}

/// Up to a few hundred keys, in no particular order.
pub fn by_ids(connection: &mut Connection, ids: &[&str]) -> Result<Vec<ApiKey>> {
    store::by_ids(connection, ids)
}

/// The keys with the ids that follow `id`, including revoked keys, at most `limit`.
pub fn after(connection: &mut Connection, id: &str, limit: i64) -> Result<Vec<ApiKey>> {
    store::after(connection, id, limit)
}

/// The number of active keys, counted up to [`MAX_COUNTED`] + 1.
pub fn count_active(connection: &mut Connection, now: Timestamp) -> Result<i64> {
    store::count_active(connection, now, MAX_COUNTED + 1)
}

/// Whether there is any key, including revoked keys.
pub fn any(connection: &mut Connection) -> Result<bool> {
    store::any(connection)
}

/// Whether a key was used in the last seven days. If so, its revocation must be confirmed.
pub fn is_in_use(key: &ApiKey, now: Timestamp) -> bool {
    key.last_used_at.is_some_and(|used| now.since(used) < IN_USE)
}

fn apply(before: &Details, checked: ValidKey) -> Details {
    let mut key = before.key.clone();
    key.name = checked.name;
    key.role_id.clone_from(&checked.role.id);
    key.all_role_scopes = checked.scopes.is_none();
    key.expires_at = checked.expires_at;
    key.notes = checked.notes;
    key.owner = checked.owner;
    key.external_id = checked.external_id;
    Details {
        key,
        role: checked.role,
        selected: checked.scopes.unwrap_or_default(),
        ip_whitelist: checked.ip_whitelist,
        labels: checked.labels,
    }
}
