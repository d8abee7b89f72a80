//! Changes of the mail server, from the activity.

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::domain::activity::{self, Event, Recorded};
use crate::domain::alerts::{Found, Rule};

/// For how long a change is shown, in milliseconds.
const SHOWN: i64 = 7 * DAY;
/// How many changes are looked at.
const LOOKED_AT: usize = 100;
/// The longest name that is shown, in characters.
const LONGEST: usize = 80;

pub(super) fn changes(connection: &mut Connection, now: Timestamp) -> Result<Vec<Found>> {
    let changed = activity::recent(connection, Event::MailChanged, now.plus(-SHOWN), LOOKED_AT)?;
    // An entry without changes only confirms the server.
    let changed = changed.iter().filter(|entry| !entry.changes().is_empty());
    Ok(changed.map(found).collect())
}

fn found(entry: &Recorded) -> Found {
    let who = text::visible(&entry.actor_name, LONGEST);
    let server = entry.changes().into_iter().find(|change| change.field == "Mail server");
    let detail = match server {
        Some(change) if change.to.is_empty() => format!("{who} turned email off."),
        Some(change) => format!("{who} set {}.", text::visible(&change.to, LONGEST)),
        None => format!("{who} changed how it is used."),
    };
    Found {
        rule: Rule::MailServerChanged,
        cause: format!("activity:{}", entry.number),
        key_id: None,
        title: "The mail server was changed".into(),
        detail,
        level: 0,
        since: entry.at,
    }
}
