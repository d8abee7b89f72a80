//! `latchkey restore`: where it restores, what it ends, and what it says.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use latchkey::config::Location;

use super::{backup, empty_databases, fill, is_untouched, rows};
use crate::activity::verify::{Shell, text_of};
use crate::support::{Database, files};

fn backup_in(shell: &Shell, source: &Database) -> String {
    let file = shell.0.path().join("copy.backup");
    backup(source, &file);
    file.display().to_string()
}

fn only_line(output: &std::process::Output) -> String {
    let message = text_of(output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("latchkey: ") && message.lines().count() == 1, "{message}");
    message
}

#[test]
fn sessions_and_links_end_and_the_restore_is_recorded() {
    for source in empty_databases() {
        fill(&source, 5);
        let mut connection = source.connect();
        connection.run(
            "INSERT INTO sessions (id_hash, member_id, state, created_at, last_seen_at, \
             idle_ends_at, ends_at) SELECT 'stolen', MIN(id), '{}', 1, 1, 9999999999999, \
             9999999999999 FROM members",
        );
        connection.run(
            "INSERT INTO one_time_codes (code_hash, purpose, member_id, created_at, expires_at) \
             SELECT 'code', 'password_reset', MIN(id), 1, 9999999999999 FROM members",
        );
        connection.run(
            "INSERT INTO mail_outbox (id, cause, recipient, subject, text_part, created_at, tries, \
             next_attempt_at, last_error, sealed, link_of, link_ends_at) SELECT 'eml_1', 'c', 'r', \
             's', '', 1, 0, 1, '', NULL, MIN(id), 9999999999999 FROM members",
        );
        connection.run(
            "UPDATE members SET invited_until = 9999999999999 WHERE id = \
             (SELECT MAX(id) FROM members)",
        );
        for target in empty_databases() {
            let shell = Shell::new();
            let file = backup_in(&shell, &source);
            let output = shell.run(&target.location, &["restore", &file]);
            let message = text_of(&output);
            assert!(output.status.success(), "{message}");
            assert!(message.contains("Everyone is signed out"), "{message}");
            let after = rows(&target);
            assert_eq!(after["sessions"], Vec::<String>::new());
            assert_eq!(after["one_time_codes"], Vec::<String>::new());
            let mut connection = target.connect();
            let last = "SELECT event || details AS text FROM activity ORDER BY number DESC LIMIT 1";
            let entry = connection.texts(last).remove(0);
            assert!(entry.starts_with("database.restored{"), "{entry}");
            assert!(
                entry.contains("2026-11-23T12:00:00") && entry.contains("newest_entry"),
                "{entry}"
            );
            let waiting = "SELECT id AS text FROM mail_outbox WHERE next_attempt_at IS NOT NULL \
                           AND link_of IS NOT NULL";
            assert_eq!(connection.texts(waiting), Vec::<String>::new());
            let invited = "SELECT id AS text FROM members WHERE invited_until = 9999999999999";
            assert_eq!(connection.texts(invited), Vec::<String>::new());
            for (table, rows) in rows(&source) {
                const CHANGED: [&str; 8] = [
                    "activity",
                    "activity_head",
                    "activity_terms",
                    "mail_outbox",
                    "members",
                    "one_time_codes",
                    "restores",
                    "sessions",
                ];
                if !CHANGED.contains(&table.as_str()) {
                    assert_eq!(after[&table], rows, "{table}");
                }
            }
            let verified = shell.run(&target.location, &["activity", "verify"]);
            assert!(verified.status.success(), "{}", text_of(&verified));
            let migrated = shell.run(&target.location, &["migrate"]);
            assert!(migrated.status.success(), "{}", text_of(&migrated));
        }
    }
}

#[test]
fn another_master_key_is_rejected_with_the_file_to_put_in_place() {
    let source = Database::sqlite();
    fill(&source, 1);
    for target in empty_databases() {
        let shell = Shell::new();
        let file = backup_in(&shell, &source);
        let key = shell.0.path().join("secret.key");
        fs::remove_file(&key).expect("removed");
        let message = only_line(&shell.run(&target.location, &["restore", &file]));
        assert!(message.contains("put it at") && message.contains("secret.key"), "{message}");
        assert!(!key.exists() && is_untouched(&target), "{message}");
        files::write(&key, 0o600, [7; 32]);
        let message = only_line(&shell.run(&target.location, &["restore", &file]));
        assert!(message.contains("the one there has the fingerprint"), "{message}");
        assert!(is_untouched(&target), "{message}");
    }
}

#[test]
fn a_database_that_is_not_empty_is_never_touched() {
    let source = Database::sqlite();
    fill(&source, 1);
    for target in empty_databases() {
        let shell = Shell::new();
        let file = backup_in(&shell, &source);
        fill(&target, 2);
        let before = rows(&target);
        let message = only_line(&shell.run(&target.location, &["restore", &file]));
        let advice = match target.location {
            Location::Sqlite(_) => "move it away, or name another folder with --data-dir",
            Location::Postgres(_) => "the database is not empty: make a new one",
        };
        assert!(message.contains(advice), "{message}");
        assert_eq!(rows(&target), before);
    }
    for target in empty_databases() {
        let shell = Shell::new();
        let file = backup_in(&shell, &source);
        match &target.location {
            Location::Sqlite(path) => {
                fs::write(format!("{}-wal", path.display()), "x").expect("written");
            }
            Location::Postgres(_) => target.connect().run("CREATE TABLE other (x TEXT)"),
        }
        only_line(&shell.run(&target.location, &["restore", &file]));
    }
}

#[test]
fn a_restore_that_was_killed_leaves_nothing_and_can_be_repeated() {
    let source = Database::sqlite();
    fill(&source, 3_000);
    let expected = rows(&source)["api_keys"].len();
    for target in empty_databases() {
        let shell = Shell::new();
        let file = backup_in(&shell, &source);
        for pause in [20, 100, 300, 600, 1_000, 1_500, 2_000] {
            let mut command = shell.command(&target.location, &["restore", &file]);
            let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
            std::thread::sleep(Duration::from_millis(pause));
            let is_done = child.try_wait().expect("asked").is_some();
            let _ = child.kill();
            let _ = child.wait();
            if is_done {
                break;
            }
            if let Location::Sqlite(path) = &target.location {
                assert!(!path.exists(), "after {pause} ms");
            }
        }
        let is_whole = |target: &Database| rows(target)["api_keys"].len() == expected;
        let output = shell.run(&target.location, &["restore", &file]);
        assert!(output.status.success() || is_whole(&target), "{}", text_of(&output));
        assert!(is_whole(&target));
    }
}

#[test]
fn a_restore_waits_for_nobody_who_uses_the_file() {
    let target = Database::sqlite();
    fill(&target, 1);
    let shell = Shell::new();
    let file = backup_in(&shell, &target);
    let db = latchkey::db::Db::open(&target.location).expect("opened");
    let message = only_line(&shell.run(&target.location, &["restore", &file]));
    assert!(message.contains("stop it first"), "{message}");
    drop(db);
    let message = only_line(&shell.run(&target.location, &["restore", &file]));
    assert!(message.contains("move it away"), "{message}");
}

#[test]
fn the_time_of_the_last_backup_is_stored() {
    for source in empty_databases() {
        fill(&source, 1);
        let shell = Shell::new();
        let file = shell.0.path().join("copy.backup").display().to_string();
        let output = shell.run(&source.location, &["backup", &file]);
        assert!(output.status.success(), "{}", text_of(&output));
        let times = source.connect().texts("SELECT CAST(made_at AS TEXT) AS text FROM last_backup");
        assert_eq!(times.len(), 1);
        assert!(times[0].parse::<i64>().expect("a time") > 1_700_000_000_000);
    }
}
