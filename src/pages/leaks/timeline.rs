//! What happened around a leak, oldest first.

use super::words::done;
use crate::base::clock::{Timestamp, short_date};
use crate::domain::activity::{Change, RecordedEntry};
use crate::domain::leaks::{Action, Leak, Note};
use crate::web::time_view::TimeView;

pub(super) struct HistoryEntry {
    pub what: &'static str,
    pub who: String,
    pub text: String,
    pub changes: Vec<Change>,
    pub when: TimeView,
    /// The sort order of the entry.
    order: (Timestamp, u8),
}

/// The report, the action taken, the key's history since the leak, notes, and the closing.
/// `history` is sorted newest first, and is `None` for members who may not view the activity log.
pub(super) fn of(
    leak: &Leak,
    notes: &[Note],
    history: Option<&[RecordedEntry]>,
) -> Vec<HistoryEntry> {
    let history_entry = |what, who: &str, text: &str, at: Timestamp, rank| HistoryEntry {
        what,
        who: who.to_owned(),
        text: text.to_owned(),
        changes: Vec::new(),
        when: TimeView::new(moment(at), at),
        order: (at, rank),
    };
    let mut all = vec![
        history_entry("Possibly out from here on", "", "", leak.since, 0),
        history_entry("Leak reported", &leak.reporter, &leak.found, leak.reported_at, 1),
    ];
    if history.is_none() && leak.action != Action::Nothing {
        all.push(history_entry(done(leak.action), &leak.reporter, "", leak.reported_at, 2));
    }
    for entry in history.unwrap_or_default().iter().rev().filter(|entry| entry.at >= leak.since) {
        let is_own = entry.details().get("leak").and_then(serde_json::Value::as_str)
            == Some(leak.id.as_str());
        if !is_own {
            let changes =
                if entry.event == "api_key.edited" { entry.changes() } else { Vec::new() };
            let row = history_entry(event(&entry.event), &entry.actor_name, "", entry.at, 2);
            all.push(HistoryEntry { changes, ..row });
        }
    }
    all.extend(
        notes.iter().map(|note| history_entry("Note", &note.author, &note.text, note.at, 3)),
    );
    if let (Some(at), Some(closer)) = (leak.closed_at, &leak.closer) {
        all.push(history_entry("Report closed", closer, "", at, 4));
    }
    all.sort_by_key(|happened| happened.order);
    all
}

/// A time with its day: a timeline is read later, next to other logs.
fn moment(at: Timestamp) -> String {
    format!("{}, {}", short_date(at.date()), at.time_of_day())
}

fn event(name: &str) -> &'static str {
    match name {
        "api_key.created" => "Key created",
        "api_key.edited" => "Key edited",
        "api_key.rotated" => "Key rotated",
        "api_key.secret_stopped" => "Old secret stopped",
        "api_key.revoked" => "Key revoked",
        "api_key.leaked" => "Another leak reported",
        _ => "Key changed",
    }
}
