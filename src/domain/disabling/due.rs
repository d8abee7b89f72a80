//! Carries out what was scheduled for disabled keys.

use super::disabled_by;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::{Db, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, FollowUp};
use crate::domain::leaks;
use crate::domain::members::{self, Member, MemberId, Permission};

/// How many keys are handled in one transaction.
const BATCH: i64 = 50;

/// Enables and revokes the keys whose time has come. Runs in the background.
pub fn run_due(db: &Db, keyring: &Keyring, now: Timestamp) -> Result<()> {
    while !db.read_in_background(move |c| api_keys::scheduled(c, None, now, 1))?.is_empty() {
        let context = Context::system(keyring.clone(), now);
        db.write_in_background(move |tx| {
            for key in api_keys::scheduled(tx, None, now, BATCH)? {
                carry_out(tx, &key, &context)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn carry_out(tx: &mut Transaction<'_>, key: &ApiKey, context: &Context) -> Result<()> {
    let scheduler = match &key.disabling.by {
        Some(id) => members::find(tx, &MemberId::stored(id.clone()))?,
        None => None,
    };
    let name = disabled_by(tx, key)?;
    let revokes = key.disabling.then == Some(FollowUp::Revoke);
    // Everything is checked again, because it may have changed since somebody scheduled it.
    let why_not = if revokes {
        why_not_revoke(key, scheduler.as_ref(), &name)
    } else {
        let has_leak = !leaks::open_of_key(tx, &key.id)?.is_empty();
        has_leak.then(|| "the leak of its secret key is open".to_owned())
    };
    match why_not {
        Some(why) => api_keys::skip_schedule(tx, key, &why, context),
        None if revokes => api_keys::revoke_as_scheduled(tx, key, &name, context),
        None => api_keys::enable(tx, key, Some(&name), context).map(drop),
    }
}

fn why_not_revoke(key: &ApiKey, scheduler: Option<&Member>, name: &str) -> Option<String> {
    if key.disabling.is_used {
        return Some("it was used since it was disabled".into());
    }
    let may = scheduler.is_some_and(may_revoke);
    (!may).then(|| format!("{name} can no longer revoke keys"))
}

fn may_revoke(member: &Member) -> bool {
    member.is_active() && member.may(Permission::DeleteKeys)
}
