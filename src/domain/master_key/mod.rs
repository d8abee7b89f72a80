//! The rotation of the master key: everything in the database that was made with it is carried over
//! to a new one, in one transaction, or ends.
//!
//! What is encrypted is encrypted again. The activity continues under the new key, and the key of
//! the entries before is kept. Secret keys are known only by their digests, so the old pepper is kept
//! until their holders have new ones, and only digests that are there now count under it. Sessions,
//! one-time links and recovery codes end. Uses `settings`, `mail`, `sign_in`, `sso`, `api_keys`,
//! `webhooks` and `activity`.

mod follow;
mod nodes;
mod store;

pub use follow::replaced;
pub use nodes::{Node, REPORT_INTERVAL, leave, report};

use serde_json::json;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::progress::Progress;
use crate::base::text::thousands;
use crate::db::{EVERYTHING, Transaction};
use crate::domain::activity::{self, Context, Entry, Event, Subject};
use crate::domain::api_keys;
use crate::domain::settings::{self, master_key};
use crate::domain::{mail, sign_in, sso, webhooks};

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// How many API keys have a secret that works only under the old pepper.
    pub keys: usize,
    /// How many members lost unused recovery codes.
    pub recovery_codes: usize,
}

/// Replaces the master key of `context`, which the database belongs to, by `to`.
///
/// # Errors
/// [`Error::Internal`] if a node that serves does not have the new key, if keys are left whose
/// secrets are older than the rotation before, or if something cannot be decrypted.
pub fn rotate(
    tx: &mut Transaction<'_>,
    to: &Keyring,
    context: &Context,
    progress: &mut dyn Progress,
) -> Result<Rotated> {
    let (from, now) = (&context.keyring, context.now);
    settings::check(tx, from)?;
    check_former_pepper_has_ended(tx, now)?;
    check_nodes(tx, &settings::fingerprint(to), now)?;
    sign_in::restored::end_everything(tx, now)?;
    let fingerprints = json!({
        "from": settings::fingerprint(from),
        "to": settings::fingerprint(to),
    });
    let rotated = Entry::about(Event::MasterKeyRotated, subject()).with(fingerprints);
    activity::record(tx, context, &rotated)?;
    let last_entry = activity::last_number(tx)?;
    let next = master_key::replace(tx, from, to, last_entry, now)?;
    activity::hand_over(tx, &next)?;
    mail::reseal(tx, from, &next)?;
    sso::reseal(tx, from, &next)?;
    webhooks::reseal(tx, from, &next)?;
    let recovery_codes = sign_in::two_step::change_master_key(tx, from, &next)?;
    api_keys::forget_proofs(tx)?;
    api_keys::prove_digests(tx, &next, progress)?;
    let keys = api_keys::under_former_pepper(tx, None, now, i64::MAX)?.len();
    tx.announce(master_key::ROTATED)?;
    tx.announce(EVERYTHING)?;
    Ok(Rotated { keys, recovery_codes })
}

/// Only one former pepper is accepted at a time.
fn check_former_pepper_has_ended(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    let left = api_keys::under_former_pepper(tx, None, now, i64::MAX)?.len();
    if left == 0 {
        return Ok(());
    }
    Err(Error::Internal(format!(
        "{} still have a secret from before the last rotation: rotate them (Needs attention lists \
         them), or run latchkey rotate-secret-key --end-old-pepper",
        counted(left)
    )))
}

fn check_nodes(tx: &mut Transaction<'_>, fingerprint: &str, now: Timestamp) -> Result<()> {
    let nodes = nodes::live(tx, now)?;
    let without = nodes.iter().filter(|node| !node.has(fingerprint));
    let without: Vec<&str> = without.map(|node| node.name.as_str()).collect();
    if without.is_empty() {
        return Ok(());
    }
    Err(Error::Internal(format!(
        "nothing was changed: the new master key ({fingerprint}) is not in the secret key file of {}. \
         Put the file there and run the command again; a node reads it within {} seconds",
        without.join(" and "),
        REPORT_INTERVAL.as_secs()
    )))
}

/// Stops accepting digests under the old pepper, and revokes the keys that worked only under it.
/// Returns how many.
///
/// # Errors
/// [`Error::Internal`] if no old pepper is accepted.
pub fn end_old_pepper(tx: &mut Transaction<'_>, context: &Context) -> Result<usize> {
    if !master_key::former(tx)?.last().is_some_and(|former| former.is_accepted) {
        return Err(Error::Internal("no old pepper is accepted: nothing was changed".into()));
    }
    let left = api_keys::under_former_pepper(tx, None, context.now, i64::MAX)?;
    for id in &left {
        api_keys::revoke(tx, id, id.last_four(), context)?;
    }
    api_keys::forget_proofs(tx)?;
    master_key::end_pepper(tx)?;
    let details = json!({ "revoked": left.len() });
    activity::record(tx, context, &Entry::about(Event::OldPepperEnded, subject()).with(details))?;
    tx.announce(master_key::ROTATED)?;
    tx.announce(EVERYTHING)?;
    Ok(left.len())
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 active key".into(),
        _ => format!("{} active keys", thousands(count as u64)),
    }
}

fn subject() -> Subject {
    Subject { kind: "master_key", id: "master_key".into(), name: "Master key".into() }
}
