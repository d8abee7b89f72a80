//! Finds changes to the mail server in the activity.

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::domain::activity::{self, Event, RecordedEntry};
use crate::domain::alerts::{Finding, Rule};

/// How long a change causes an alert, in milliseconds.
const SHOWN_FOR: i64 = 7 * DAY;
/// How many changes are read.
const MAX_CHANGES: usize = 100;
/// The longest name that is shown, in characters.
const MAX_NAME_LENGTH: usize = 80;

pub(super) fn changes(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let changed =
        activity::recent(connection, Event::MailChanged, now.plus(-SHOWN_FOR), MAX_CHANGES)?;
    // An entry without changes only confirms the current mail server.
    let changed = changed.iter().filter(|entry| !entry.changes().is_empty());
    Ok(changed.map(found).collect())
}

fn found(entry: &RecordedEntry) -> Finding {
    let who = text::visible(&entry.actor_name, MAX_NAME_LENGTH);
    let server = entry.changes().into_iter().find(|change| change.field == "Mail server");
    let detail = match server {
        Some(change) if change.to.is_empty() => format!("{who} turned email off."),
        Some(change) => format!("{who} set {}.", text::visible(&change.to, MAX_NAME_LENGTH)),
        None => format!("{who} changed how it is used."),
    };
    Finding {
        rule: Rule::MailServerChanged,
        cause: format!("activity:{}", entry.number),
        key_id: None,
        title: "The mail server was changed".into(),
        detail,
        level: 0,
        since: entry.at,
    }
}
