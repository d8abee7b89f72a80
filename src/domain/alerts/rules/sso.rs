//! Finds sign-ins by break-glass members, and groups that would have removed the last manager.

use std::collections::BTreeMap;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::domain::activity::{self, Event, RecordedEntry};
use crate::domain::alerts::{Finding, Rule};

/// How long an entry causes an alert, in milliseconds.
const SHOWN_FOR: i64 = 7 * DAY;
/// How many entries are read.
const MAX_ENTRIES: usize = 1000;
/// The longest name that is shown, in characters.
const MAX_NAME_LENGTH: usize = 80;

pub(super) fn break_glass_sign_ins(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Vec<Finding>> {
    let since = now.plus(-SHOWN_FOR);
    let entries = activity::recent(connection, Event::BreakGlassSignIn, since, MAX_ENTRIES)?;
    Ok(entries.iter().map(break_glass_sign_in).collect())
}

fn break_glass_sign_in(entry: &RecordedEntry) -> Finding {
    let who = name(entry);
    Finding {
        rule: Rule::BreakGlassSignIn,
        cause: format!("activity:{}", entry.number),
        key_id: None,
        title: format!("{who} signed in as a break-glass member"),
        detail: format!("Passwords are off. Ask {who} why this was needed."),
        level: 0,
        since: entry.at,
    }
}

/// One cause for each member, because the change is skipped again at each of their sign-ins.
pub(super) fn skipped_mappings(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Vec<Finding>> {
    let since = now.plus(-SHOWN_FOR);
    let entries = activity::recent(connection, Event::MemberPermissionsMapped, since, MAX_ENTRIES)?;
    let mut by_member: BTreeMap<&str, &RecordedEntry> = BTreeMap::new();
    for entry in &entries {
        if let Some(id) = entry.subject_id.as_deref() {
            // Entries come newest first, and a later change that was made ends the cause.
            by_member.entry(id).or_insert(entry);
        }
    }
    by_member.retain(|_, entry| entry.details().get("skipped").is_some());
    Ok(by_member.iter().map(|(id, entry)| skipped_mapping(id, entry)).collect())
}

fn skipped_mapping(id: &str, entry: &RecordedEntry) -> Finding {
    let who = name(entry);
    Finding {
        rule: Rule::MappingSkipped,
        cause: format!("member:{id}"),
        key_id: None,
        title: format!("{who} kept permissions that their groups do not give"),
        detail: format!(
            "{who} is the last member who can manage members. Let somebody else manage them too."
        ),
        level: 0,
        since: entry.at,
    }
}

fn name(entry: &RecordedEntry) -> String {
    text::visible(entry.subject_name.as_deref().unwrap_or_default(), MAX_NAME_LENGTH)
}
