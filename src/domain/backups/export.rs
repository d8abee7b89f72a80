//! Reads an export of the activity, to learn what happened to keys after a backup was made.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Restore;
use crate::base::clock::Timestamp;
use crate::domain::activity::Event;
use crate::domain::api_keys::KeyId;

/// What happened to a key after the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    pub event: Event,
    pub at: Timestamp,
}

/// The last thing that happened to each key.
pub type Findings = BTreeMap<KeyId, Finding>;

/// An entry, as far as it matters here. Both formats name their columns alike.
#[derive(Deserialize)]
struct ExportedEntry {
    number: i64,
    event: String,
    subject_id: Option<String>,
    hash: String,
    at_millis: i64,
}

/// Finds in an export, as CSV or JSON Lines, what happened to keys after the backup of `restore`.
///
/// # Errors
/// A message for the form if the file is not an export, or not one of the database that was lost.
pub fn read(export: &[u8], restore: &Restore) -> Result<Findings, String> {
    let bytes = export.strip_prefix("\u{feff}".as_bytes()).unwrap_or(export);
    let entries = if bytes.trim_ascii_start().starts_with(b"{") {
        json_lines(bytes)
    } else {
        comma_separated(bytes)
    };
    let entries = entries.ok_or(
        "This file is not an export of the activity. Choose a CSV or JSON Lines file that the page \
         Activity exported",
    )?;
    check_origin(&entries, restore)?;
    let mut later: Vec<_> =
        entries.iter().filter(|entry| entry.number > restore.newest_number).collect();
    if later.is_empty() {
        return Err("This export has no entry that is later than the backup".into());
    }
    later.sort_by_key(|entry| entry.number);
    let mut findings = Findings::new();
    for entry in later {
        note(&mut findings, entry);
    }
    Ok(findings)
}

/// Checks that the export is of the database that was lost: not of another one, and not of this one
/// after the restore.
fn check_origin(entries: &[ExportedEntry], restore: &Restore) -> Result<(), String> {
    let is_other = |entry: &ExportedEntry| {
        entry.number == restore.newest_number && entry.hash != restore.newest_hash
    };
    let is_restored = |entry: &ExportedEntry| {
        entry.event == Event::DatabaseRestored.as_str()
            && entry.at_millis >= restore.restored_at.millis()
    };
    if entries.iter().any(|entry| is_other(entry) || is_restored(entry)) {
        return Err("This export is not of the database that the backup was made of".into());
    }
    Ok(())
}

/// Adds what an entry says about a key. A revocation is final, and enabling undoes disabling.
fn note(findings: &mut Findings, entry: &ExportedEntry) {
    let Some(key) = entry.subject_id.as_deref().and_then(KeyId::parse) else { return };
    let known = findings.get(&key).map(|found| found.event);
    let found = match Event::parse(&entry.event) {
        Some(Event::KeyEnabled) if known == Some(Event::KeyDisabled) => None,
        Some(
            event @ (Event::KeyRevoked
            | Event::KeyDisabled
            | Event::KeyRotated
            | Event::SecretStopped
            | Event::KeyLeaked),
        ) if known != Some(Event::KeyRevoked) => {
            Some(Finding { event, at: Timestamp::from_millis(entry.at_millis) })
        }
        _ => return,
    };
    match found {
        Some(found) => drop(findings.insert(key, found)),
        None => drop(findings.remove(&key)),
    }
}

fn json_lines(bytes: &[u8]) -> Option<Vec<ExportedEntry>> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.map(|line| serde_json::from_slice(line).ok()).collect()
}

fn comma_separated(bytes: &[u8]) -> Option<Vec<ExportedEntry>> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.deserialize().map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::backups::RestoreId;

    fn restore() -> Restore {
        Restore {
            id: RestoreId::random().expect("an id"),
            restored_at: Timestamp::from_millis(5_000),
            backup_made_at: Timestamp::from_millis(1_000),
            newest_number: 10,
            newest_hash: "ab".repeat(32),
        }
    }

    fn line(number: i64, event: &str, key: &str) -> String {
        format!(
            "{{\"number\":{number},\"event\":\"{event}\",\"subject_id\":\"{key}\",\"hash\":\"{}\",\
             \"at_millis\":{},\"details\":{{}}}}\n",
            "ab".repeat(32),
            number * 100
        )
    }

    const KEY: &str = "key_7QF2M8KDX4TN";

    fn event_of(lines: &[String]) -> Option<Event> {
        let findings = read(lines.concat().as_bytes(), &restore()).expect("an export");
        findings.get(&KeyId::parse(KEY).expect("an id")).map(|found| found.event)
    }

    #[test]
    fn only_what_happened_after_the_backup_and_still_holds_is_found() {
        let last = || line(30, "role.edited", "role_x");
        for (events, expected) in [
            (vec![line(9, "api_key.revoked", KEY)], None),
            (vec![line(11, "api_key.revoked", KEY)], Some(Event::KeyRevoked)),
            (vec![line(11, "api_key.disabled", KEY)], Some(Event::KeyDisabled)),
            (vec![line(12, "api_key.enabled", KEY), line(11, "api_key.disabled", KEY)], None),
            (vec![line(11, "api_key.rotated", KEY)], Some(Event::KeyRotated)),
            (
                vec![line(11, "api_key.revoked", KEY), line(12, "api_key.leaked", KEY)],
                Some(Event::KeyRevoked),
            ),
            (vec![line(11, "api_key.edited", KEY)], None),
        ] {
            assert_eq!(event_of(&[events, vec![last()]].concat()), expected);
        }
    }

    #[test]
    fn another_export_is_rejected_with_advice() {
        let rejected = |text: &str| read(text.as_bytes(), &restore()).expect_err("rejected");
        assert!(rejected("name,prefix\r\na,b\r\n").contains("not an export of the activity"));
        assert!(rejected("{\"number\":1}\n").contains("not an export of the activity"));
        assert!(rejected("").contains("no entry that is later"));
        assert!(rejected(&line(10, "api_key.revoked", KEY)).contains("no entry that is later"));
        let other = line(10, "role.edited", "x").replace("abab", "cdcd");
        assert!(rejected(&other).contains("not of the database"));
        let restored = line(50, "database.restored", "database");
        assert!(rejected(&restored).contains("not of the database"));
    }
}
