//! A backup that is cut, changed, newer or of another master key restores nothing.

use std::fs;
use std::path::Path;

use super::{backup, empty_databases, fill, is_untouched, lines_of, restore_rows, write_lines};
use crate::support::Database;

/// The message with which restoring `file` fails; no database has anything of it.
fn rejection(file: &Path) -> String {
    let mut messages = Vec::new();
    for target in empty_databases() {
        let error = restore_rows(file, &target).expect_err("rejected");
        assert!(is_untouched(&target), "{:?} after {error}", target.location);
        messages.push(error.to_string());
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    messages.remove(0)
}

struct Made {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
    lines: Vec<String>,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Database::sqlite();
        fill(&source, 5);
        let file = folder.path().join("whole.backup");
        backup(&source, &file);
        Self { bytes: fs::read(&file).expect("read"), lines: lines_of(&file), folder }
    }

    fn rejection_of(&self, bytes: &[u8]) -> String {
        let file = self.folder.path().join("other.backup");
        fs::write(&file, bytes).expect("written");
        rejection(&file)
    }

    fn rejection_of_lines(&self, change: impl FnOnce(&mut Vec<String>)) -> String {
        let mut lines = self.lines.clone();
        change(&mut lines);
        let file = self.folder.path().join("other.backup");
        write_lines(&file, &lines);
        rejection(&file)
    }
}

#[test]
fn a_cut_or_changed_file_is_noticed() {
    let made = Made::new();
    let size = made.bytes.len();
    for end in [size - 1, size - 9, size / 2, size / 5] {
        let message = made.rejection_of(&made.bytes[..end]);
        assert!(message.contains("is damaged (its end is missing)"), "cut at {end}: {message}");
    }
    for end in [0, 1, 10, 11] {
        let message = made.rejection_of(&made.bytes[..end]);
        assert!(message.contains("is not a backup"), "cut at {end}: {message}");
    }
    for at in (30..size).step_by(size / 20) {
        let mut bytes = made.bytes.clone();
        bytes[at] ^= 4;
        let message = made.rejection_of(&bytes);
        let is_noticed = message.contains("is damaged") || message.contains("is not a backup");
        assert!(is_noticed, "changed at {at}: {message}");
    }
    let longer = [&made.bytes[..], b"more"].concat();
    assert!(made.rejection_of(&longer).contains("something follows its end"));
    assert!(made.rejection_of(b"SQLite format 3\0").contains("is not a backup"));
}

#[test]
fn a_changed_missing_or_added_row_is_noticed_even_in_a_sound_file() {
    let made = Made::new();
    let row = made.lines.iter().position(|line| line.starts_with('[')).expect("a row");
    let changes: [fn(&mut Vec<String>, usize); 4] = [
        |lines, row| lines[row] = lines[row].replacen('"', "\"x", 1),
        |lines, row| drop(lines.remove(row)),
        |lines, row| lines.insert(row, lines[row].clone()),
        |lines, row| lines.swap(row, row - 1),
    ];
    for change in changes {
        let message = made.rejection_of_lines(|lines| change(lines, row));
        assert!(message.contains("is damaged"), "{message}");
    }
    let message = made.rejection_of_lines(|lines| {
        let start = lines.iter().position(|line| line.contains("\"api_key_secrets\"")).expect("it");
        let end =
            start + 1 + lines[start + 1..].iter().position(|l| l.starts_with('{')).expect("one");
        lines.drain(start..end);
        let last = lines.last_mut().expect("an end");
        let from = last.find("\"api_key_secrets\"").expect("its sum");
        let to = from + last[from..].find("},").expect("an end") + 2;
        last.replace_range(from..to, "");
    });
    assert!(message.contains("api_key_secrets has other rows"), "{message}");
}

#[test]
fn a_backup_of_a_newer_version_names_that_version() {
    let made = Made::new();
    let newer = |from: &str, to: &str| {
        made.rejection_of_lines(|lines| {
            let own = format!("\"program\":\"{}\"", env!("CARGO_PKG_VERSION"));
            assert!(lines[0].contains(&own) && lines[0].contains(from), "{}", lines[0]);
            lines[0] = lines[0].replace(&own, "\"program\":\"7.8.9\"").replace(from, to);
        })
    };
    for message in [
        newer("\"latchkey_backup\":1", "\"latchkey_backup\":2"),
        newer("\"migrations\":[", "\"migrations\":[\"99990101000000\","),
    ] {
        assert!(message.contains("was made by Latchkey 7.8.9, which is newer"), "{message}");
    }
}
