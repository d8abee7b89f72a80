//! The sentences for entries that count the events of an hour.

use serde_json::Value;

use super::sentence::Parts;
use crate::base::clock::Timestamp;
use crate::base::text::{self, thousands};
use crate::domain::activity::RecordedEntry;

/// The longest list of permissions in a sentence, in characters.
const MAX_LENGTH: usize = 80;

/// "31 sign-ins from 12 networks failed between 12:00 and 13:00, none for a member’s email
/// address", "7 more sign-ins as Ines Okafor failed between 12:00 and 13:00".
pub(super) fn sign_ins_failed(entry: &RecordedEntry) -> Parts {
    let failures = number(entry, "failures").unwrap_or(0);
    let sign_ins = counted(failures, "sign-in");
    let hour = hour(entry);
    if entry.subject_id.is_some() {
        let start = sign_ins.replacen(" sign-in", " more sign-in", 1);
        return Parts::around(format!("{start} as "), format!(" failed{hour}"));
    }
    let networks = number(entry, "networks").map(|networks| {
        let is_more = entry.details().get("failures_from_further_networks").is_some();
        let more = if is_more { "more than " } else { "" };
        format!(" from {more}{}", counted(networks, "network"))
    });
    let networks = networks.unwrap_or_default();
    Parts::plain(format!("{sign_ins}{networks} failed{hour}, none for a member’s email address"))
}

/// "Denied Ines Okafor access 14 times between 12:00 and 13:00 (member.manage: 14)".
pub(super) fn access_denied(entry: &RecordedEntry) -> Parts {
    let times = counted(number(entry, "denials").unwrap_or(0), "time");
    let details = entry.details();
    let permissions = details.get("permissions").and_then(Value::as_array);
    let names: Vec<&str> = permissions.into_iter().flatten().filter_map(Value::as_str).collect();
    let names = match names.as_slice() {
        [] => String::new(),
        names => format!(" ({})", text::visible(&names.join(", "), MAX_LENGTH)),
    };
    Parts::around("Denied ", format!(" access {times}{}{names}", hour(entry)))
}

fn number(entry: &RecordedEntry, name: &str) -> Option<u64> {
    entry.details().get(name)?.as_u64()
}

/// "1 network", "1,204 networks".
fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// " between 12:00 and 13:00".
fn hour(entry: &RecordedEntry) -> String {
    let details = entry.details();
    let time = |name| {
        let at = details.get(name).and_then(Value::as_i64)?;
        Some(Timestamp::from_millis(at).time_of_day())
    };
    let both = time("began_at").zip(time("ended_at"));
    both.map(|(from, to)| format!(" between {from} and {to}")).unwrap_or_default()
}
