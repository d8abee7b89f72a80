//! What each rule looks for. Rules only read, and finding a cause again gives the same result.

mod addresses;
mod denials;
mod disabled;
mod keys;
mod mail_server;
mod sign_ins;
mod sso;
mod two_step;
mod volume;

pub(super) use keys::step;

use std::collections::BTreeMap;

use super::{Finding, Rule};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::settings;

/// How many causes are read for each rule.
const MAX_CAUSES: i64 = 1000;

/// Everything that the rules that are `on` find now.
pub(super) fn find_causes(
    connection: &mut Connection,
    on: &[Rule],
    now: Timestamp,
) -> Result<Vec<Finding>> {
    let settings = settings::get(connection)?;
    let mut found = Vec::new();
    for rule in on {
        found.extend(match rule {
            Rule::Expiring => keys::expiring(connection, now)?,
            Rule::RotationDue => keys::rotation_due(connection, &settings, now)?,
            Rule::DenialBurst => denials::bursts(connection, now)?,
            Rule::UnknownKeys => denials::strangers(connection, now)?,
            Rule::InactiveSecret => denials::inactive_secrets(connection, now)?,
            Rule::DisabledKeyUsed => disabled::used(connection, now)?,
            Rule::RevocationDue => disabled::to_be_revoked(connection, now)?,
            Rule::NewAddress => addresses::new(connection, now)?,
            Rule::Volume => volume::unusual(connection, now)?,
            Rule::SignInFailures => sign_ins::failures(connection, now)?,
            Rule::MailServerChanged => mail_server::changes(connection, now)?,
            Rule::RecoveryCodeUsed => two_step::used_codes(connection, now)?,
            Rule::SecondStepFailures => two_step::failures(connection, now)?,
            Rule::BreakGlassSignIn => sso::break_glass_sign_ins(connection, now)?,
            Rule::MappingSkipped => sso::skipped_mappings(connection, now)?,
        });
    }
    Ok(found)
}

/// Keys by their ids.
fn keys_by_id(
    connection: &mut Connection,
    ids: impl IntoIterator<Item = KeyId>,
) -> Result<BTreeMap<KeyId, ApiKey>> {
    let mut ids: Vec<KeyId> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut keys = BTreeMap::new();
    for ids in ids.chunks(500) {
        let texts: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
        keys.extend(api_keys::by_ids(connection, &texts)?.into_iter().map(|key| (key.id, key)));
    }
    Ok(keys)
}
