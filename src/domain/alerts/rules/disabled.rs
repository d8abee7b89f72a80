//! Finds disabled keys that are used, and those that are about to be revoked.

use super::MAX_CAUSES;
use super::denials::requests;
use super::keys::of_key;
use crate::base::clock::{DAY, Timestamp, day_and_time};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::alerts::{Finding, Rule};
use crate::domain::api_keys::{self, FollowUp, Status};
use crate::domain::disabling;

/// How long before its revocation a key causes an alert, in milliseconds.
const NOTICE: i64 = DAY;

pub(super) fn used(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    // Keys that somebody decided to keep are not flagged.
    let keys = api_keys::inactive_but_flagged(connection, now, MAX_CAUSES)?;
    let mut found = Vec::new();
    for key in keys.iter().filter(|key| key.status(now) == Status::Disabled) {
        let Some(since) = disabling::requests_since(connection, key)? else { continue };
        found.push(Finding {
            title: format!("“{}” is used though it is disabled", key.name.as_str()),
            detail: format!("{} since it was disabled, all denied.", requests(since.count)),
            since: since.first,
            ..of_key(Rule::DisabledKeyUsed, key)
        });
    }
    Ok(found)
}

pub(super) fn to_be_revoked(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let keys =
        api_keys::scheduled(connection, Some(FollowUp::Revoke), now.plus(NOTICE), MAX_CAUSES)?;
    let found = keys.iter().filter_map(|key| {
        let (_, at) = key.disabling.scheduled()?;
        let since = at.plus(-NOTICE);
        // Whoever disables a key for less than a day needs no reminder.
        if key.disabling.at? > since {
            return None;
        }
        Some(Finding {
            title: format!("“{}” will be revoked within a day", key.name.as_str()),
            detail: format!("On {} (UTC). Reason: {}", day_and_time(at, now), key.disabling.reason),
            since,
            ..of_key(Rule::RevocationDue, key)
        })
    });
    Ok(found.collect())
}
