//! The sentences about API keys.

use serde_json::Value;

use super::sentence::{Parts, detail};
use crate::base::clock::{Timestamp, short_date};
use crate::domain::activity::RecordedEntry;

/// "Rotated X, the old secret works until 30 Nov 2026, 14:06".
pub(super) fn key_rotated(entry: &RecordedEntry) -> Parts {
    let end = entry.details().get("old_secret_ends_at").and_then(Value::as_i64);
    let until = end.map(Timestamp::from_millis).map_or_else(String::new, |end| {
        if end > entry.at {
            let (date, time) = (short_date(end.date()), end.time_of_day());
            format!(", the old secret works until {date}, {time}")
        } else {
            ", the old secret stopped at once".into()
        }
    });
    Parts::around("Rotated ", until)
}

/// "Revoked X, last used 19 Nov 2026".
pub(super) fn key_revoked(entry: &RecordedEntry) -> Parts {
    let used = match entry.details().get("last_used_at") {
        None => String::new(),
        Some(Value::Null) => ", never used".into(),
        Some(at) => at.as_i64().map_or_else(String::new, |at| {
            format!(", last used {}", short_date(Timestamp::from_millis(at).date()))
        }),
    };
    Parts::around("Revoked ", format!("{used}{}", as_scheduled(entry)))
}

/// "Disabled X until 30 Nov 2026, 14:06, to be revoked then: the partner was told".
pub(super) fn key_disabled(entry: &RecordedEntry) -> Parts {
    let at = entry.details().get("until").and_then(Value::as_i64).map(Timestamp::from_millis);
    let until = at.map_or_else(String::new, |at| {
        format!(" until {}, {}", short_date(at.date()), at.time_of_day())
    });
    let then = if detail(entry, "then").as_deref() == Some("revoke") {
        ", to be revoked then"
    } else {
        ""
    };
    let reason = detail(entry, "reason").map(|reason| format!(": {reason}")).unwrap_or_default();
    Parts::around("Disabled ", format!("{until}{then}{reason}"))
}

/// "Enabled X, as Ines Okafor had scheduled".
pub(super) fn key_enabled(entry: &RecordedEntry) -> Parts {
    Parts::around("Enabled ", as_scheduled(entry))
}

/// "Kept X disabled, against its schedule: it was used since it was disabled".
pub(super) fn schedule_skipped(entry: &RecordedEntry) -> Parts {
    let why = detail(entry, "why").map(|why| format!(": {why}")).unwrap_or_default();
    Parts::around("Kept ", format!(" disabled, against its schedule{why}"))
}

fn as_scheduled(entry: &RecordedEntry) -> String {
    let by = detail(entry, "scheduled_by");
    by.map(|name| format!(", as {name} had scheduled")).unwrap_or_default()
}

/// "Snoozed X: the partner was told".
pub(super) fn key_snoozed(entry: &RecordedEntry) -> Parts {
    let note = detail(entry, "note").filter(|note| !note.is_empty());
    Parts::around("Snoozed ", note.map(|note| format!(": {note}")).unwrap_or_default())
}

/// "Reported a leak of X, possibly out since 19 Nov 2026".
pub(super) fn key_leaked(entry: &RecordedEntry) -> Parts {
    let since = entry.details().get("since").and_then(Value::as_i64);
    let since = since.map(|at| short_date(Timestamp::from_millis(at).date()));
    Parts::around(
        "Reported a leak of ",
        since.map(|date| format!(", possibly out since {date}")).unwrap_or_default(),
    )
}
