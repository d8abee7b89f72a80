//! Finds keys that expire soon, and keys whose rotation is due.

use super::MAX_CAUSES;
use crate::base::clock::{DAY, Timestamp, short_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::alerts::{Finding, Rule};
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::settings::Settings;

/// How many days before its expiry a key causes an alert or a message.
pub(in crate::domain::alerts) const STEPS: [i64; 4] = [30, 14, 7, 1];

/// How many keys that need attention are searched for a due rotation.
const MAX_DUE: usize = 1000;

/// The step that a key with `days_left` has reached: the smallest step that is at least as large.
pub(in crate::domain::alerts) fn step(days_left: i64) -> Option<i64> {
    STEPS.into_iter().rev().find(|step| days_left <= *step)
}

/// `today`, `in 1 day`, `in 14 days`.
pub(in crate::domain::alerts) fn in_days(days: i64) -> String {
    match days {
        0 => "today".into(),
        1 => "in 1 day".into(),
        days => format!("in {days} days"),
    }
}

pub(super) fn expiring(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let end = Timestamp::end_of(now.plus(STEPS[0] * DAY).date());
    let keys = api_keys::expiring(connection, now, end, MAX_CAUSES)?;
    let found = keys.iter().filter_map(|key| {
        let days = key.days_left(now);
        let step = step(days)?;
        let since = Timestamp::end_of(key.expires_at.last_day()).plus(-(step + 1) * DAY);
        if key.flagged_from(since) > now {
            return None;
        }
        let name = key.name.as_str();
        Some(Finding {
            title: format!("“{name}” expires {}", in_days(days)),
            detail: format!("On {}. {}", short_date(key.expires_at.last_day()), used(key)),
            level: -step,
            since,
            ..of_key(Rule::Expiring, key)
        })
    });
    Ok(found.collect())
}

pub(super) fn rotation_due(
    connection: &mut Connection,
    settings: &Settings,
    now: Timestamp,
) -> Result<Vec<Finding>> {
    let keys = api_keys::needing_attention(connection, now, MAX_DUE)?;
    // Keys that somebody decided to keep are left out for a while, as on the attention page.
    let due = keys.iter().filter(|key| key.flagged_from(key.rotation_due_at(settings)) <= now);
    let found = due.map(|key| Finding {
        title: format!("Rotation of “{}” is due", key.name.as_str()),
        detail: format!(
            "Its secret was made on {}. {}",
            short_date(key.secret_created_at.date()),
            used(key)
        ),
        since: key.rotation_due_at(settings),
        ..of_key(Rule::RotationDue, key)
    });
    Ok(found.collect())
}

fn used(key: &ApiKey) -> String {
    match key.last_used_at {
        Some(at) => format!("Last used on {}.", short_date(at.date())),
        None => "Never used.".into(),
    }
}

/// A finding about a key, whose text is still to be filled in.
pub(super) fn of_key(rule: Rule, key: &ApiKey) -> Finding {
    Finding {
        rule,
        cause: key.id.as_str().into(),
        key_id: Some(key.id.as_str().into()),
        title: String::new(),
        detail: String::new(),
        level: 0,
        since: Timestamp::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_starts_on_its_day_and_lasts_until_the_next() {
        let steps = [31, 30, 15, 14, 8, 7, 2, 1, 0].map(step);
        let expected =
            [None, Some(30), Some(30), Some(14), Some(14), Some(7), Some(7), Some(1), Some(1)];
        assert_eq!(steps, expected);
    }
}
