//! Finds recovery codes that were used, and members whose second factor is being guessed.

use std::collections::BTreeMap;

use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::domain::activity::{self, Event, RecordedEntry};
use crate::domain::alerts::{Finding, Rule};

/// How long the use of a code causes an alert, in milliseconds.
const SHOWN_FOR: i64 = 7 * DAY;
/// How many entries are read.
const MAX_ENTRIES: usize = 1000;
/// How many wrong codes of one member within an hour cause an alert, as many as the throttle lets
/// pass.
const THRESHOLD: usize = 10;
/// The longest name that is shown, in characters.
const MAX_NAME_LENGTH: usize = 80;

pub(super) fn used_codes(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let since = now.plus(-SHOWN_FOR);
    let used = activity::recent(connection, Event::TwoStepCodeUsed, since, MAX_ENTRIES)?;
    Ok(used.iter().map(used_code).collect())
}

fn used_code(entry: &RecordedEntry) -> Finding {
    let who = name(entry);
    let left = entry.details().get("left").and_then(serde_json::Value::as_i64).unwrap_or_default();
    let codes = if left == 1 { "code" } else { "codes" };
    Finding {
        rule: Rule::RecoveryCodeUsed,
        cause: format!("activity:{}", entry.number),
        key_id: None,
        title: format!("{who} used a recovery code"),
        detail: format!("{left} {codes} left. Check with {who} that it was them."),
        level: 0,
        since: entry.at,
    }
}

pub(super) fn failures(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let since = now.plus(-HOUR);
    let failed = activity::recent(connection, Event::SecondStepFailed, since, MAX_ENTRIES)?;
    let mut by_member: BTreeMap<&str, Vec<&RecordedEntry>> = BTreeMap::new();
    for entry in &failed {
        if let Some(id) = entry.subject_id.as_deref() {
            by_member.entry(id).or_default().push(entry);
        }
    }
    by_member.retain(|_, entries| entries.len() >= THRESHOLD);
    Ok(by_member.iter().filter_map(|(id, entries)| failure(id, entries)).collect())
}

fn failure(id: &str, entries: &[&RecordedEntry]) -> Option<Finding> {
    let (newest, oldest) = (entries.first()?, entries.last()?);
    let who = name(newest);
    Some(Finding {
        rule: Rule::SecondStepFailures,
        cause: format!("member:{id}"),
        key_id: None,
        title: format!("Someone with the password of {who} enters wrong codes"),
        detail: format!(
            "{} times within an hour. {who} should change their password.",
            entries.len()
        ),
        level: 0,
        since: oldest.at,
    })
}

fn name(entry: &RecordedEntry) -> String {
    text::visible(entry.subject_name.as_deref().unwrap_or_default(), MAX_NAME_LENGTH)
}
