//! `latchkey activity verify` reports every changed or missing entry by its number.

use std::process::{Command, Output};

use latchkey::base::keyring::Keyring;
use latchkey::db::Location;
use latchkey::domain::activity::{Broken, verify};
use tempfile::TempDir;

use super::add_entries;
use crate::support::{App, files, is_postgres};

/// Runs the program on the database of a running app.
pub struct Shell(pub TempDir);

impl Shell {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The keyring of the app is derived from these bytes.
        files::write(&folder.path().join("secret.key"), 0o600, [42; 32]);
        Self(folder)
    }

    pub fn command(&self, location: &Location, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.env_clear().args(arguments).arg("--data-dir").arg(self.0.path());
        match location {
            Location::Sqlite(path) => command.arg("--database-url").arg(path),
            Location::Postgres(url) => command.arg("--database-url").arg(url),
        };
        command.arg("--secret-key-file").arg(self.0.path().join("secret.key"));
        command
    }

    pub fn run(&self, location: &Location, arguments: &[&str]) -> Output {
        self.command(location, arguments).output().expect("the program runs")
    }
}

pub fn text_of(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).expect("text")
}

fn check(app: &App) -> Result<i64, Broken> {
    verify(&app.site.db, &app.site.keyring).expect("read").map(|newest| newest.number)
}

#[test]
fn every_change_is_reported_with_its_entry() {
    let app = App::set_up();
    app.super_manager().key_named("Billing worker");
    add_entries(&app, 1020);
    let last = app.count("activity");
    let mut connection = app.database.connect();
    connection.run("CREATE TABLE kept AS SELECT * FROM activity");
    connection.run("CREATE TABLE kept_head AS SELECT * FROM activity_head");
    let other = if is_postgres() { "'\\x00'" } else { "x'00'" };
    let columns = [
        "event",
        "actor_kind",
        "actor_id",
        "actor_name",
        "address",
        "user_agent",
        "request_id",
        "subject_kind",
        "subject_id",
        "subject_name",
        "details",
    ];
    let update = |assignment: String, n: i64| {
        (format!("UPDATE activity SET {assignment} WHERE number = {n}"), Broken::Changed(n))
    };
    let mut cases: Vec<(String, Broken)> =
        columns.iter().map(|column| update(format!("{column} = 'x'"), 3)).collect();
    cases.push(update("request_id = ''".into(), 1));
    cases.push(update("at = at - 1".into(), 1001));
    cases.push(update(format!("hash = {other}"), 1000));
    cases.push(update(format!("hash = {other}"), last));
    let cut =
        |from| (format!("DELETE FROM activity WHERE number >= {from}"), Broken::Cut(from, last));
    cases.extend([cut(last), cut(last - 1), cut(1001), cut(1)]);
    for number in [1, 2, 1000, 1001, last - 1] {
        let sql = format!("DELETE FROM activity WHERE number = {number}");
        cases.push((sql, Broken::Gap(number)));
    }
    let swap = "UPDATE activity SET number = -1 WHERE number = 5; \
                UPDATE activity SET number = 5 WHERE number = 6; \
                UPDATE activity SET number = 6 WHERE number = -1";
    cases.push((swap.into(), Broken::Changed(5)));
    cases.push((
        "UPDATE activity SET number = 99999 WHERE number = 3".into(),
        Broken::Added(99_999),
    ));
    cases.push(("UPDATE activity SET number = 0 WHERE number = 3".into(), Broken::Added(0)));
    let shorter = last - 1;
    let forged = format!(
        "DELETE FROM activity WHERE number = {last}; UPDATE activity_head SET number = {shorter}, \
         hash = (SELECT hash FROM activity WHERE number = {shorter})"
    );
    cases.push((forged, Broken::Forged(shorter)));
    cases.push((format!("UPDATE activity_head SET seal = {other}"), Broken::Forged(last)));
    cases.push((format!("UPDATE activity_head SET hash = {other}"), Broken::Forged(last)));
    cases.push(("DELETE FROM activity_head".into(), Broken::Unsealed));
    for (sql, broken) in cases {
        assert_eq!(check(&app), Ok(last), "before {sql}");
        connection.run(&sql);
        assert_eq!(check(&app), Err(broken), "{sql}");
        connection.run("DELETE FROM activity; INSERT INTO activity SELECT * FROM kept");
        connection
            .run("DELETE FROM activity_head; INSERT INTO activity_head SELECT * FROM kept_head");
    }
    let other_keyring = Keyring::from_bytes(&[43; 32]);
    assert_eq!(verify(&app.site.db, &other_keyring).expect("read"), Err(Broken::Forged(last)));
}

#[test]
fn the_command_reports_in_one_line_whether_the_activity_is_intact() {
    let app = App::set_up();
    let shell = Shell::new();
    let location = &app.database.location;
    let verify = |more: &[&str]| {
        let output = shell.run(location, &[&["activity", "verify"], more].concat());
        let text = text_of(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        (output.status.code(), text)
    };
    let manager = app.super_manager();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..5 {
                manager.key_named(&format!("Key {n}"));
            }
        });
        for _ in 0..3 {
            let (code, text) = verify(&[]);
            assert_eq!(code, Some(0), "{text}");
        }
    });
    let (code, report) = verify(&[]);
    let count = app.count("activity");
    let start = format!(
        "Entries 1 to {count} are whole; the last is number {count} of 2026-11-23T12:00:00Z: {count}:"
    );
    assert!(code == Some(0) && report.starts_with(&start), "{report}");
    let last_entry = report.trim().rsplit(' ').next().expect("a number and a hash").to_owned();
    assert_eq!(verify(&["--holds", &last_entry]), (Some(0), report));
    let (code, line) = verify(&["--holds", &format!("2{}", &last_entry[1..])]);
    assert_eq!(code, Some(1), "{line}");
    assert_eq!(verify(&["--holds", "7:x"]).0, Some(2));
    app.sql(&format!("UPDATE activity SET actor_name = 'Nobody' WHERE number = {count}"));
    let broken =
        format!("latchkey: the activity is not whole: entry {count} is not what was recorded\n");
    assert_eq!(verify(&[]), (Some(1), broken));
    app.sql("DELETE FROM activity; DELETE FROM activity_head");
    let empty = "latchkey: the activity is not whole: every entry is missing\n".to_owned();
    assert_eq!(verify(&[]), (Some(1), empty));
    files::write(&shell.0.path().join("secret.key"), 0o600, [43; 32]);
    let (code, line) = verify(&[]);
    assert!(code == Some(1) && line.contains("another secret key file"), "{line}");
}

#[test]
fn verify_and_backup_create_neither_a_key_nor_a_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let absent = Location::Sqlite(folder.path().join("absent.db"));
    let shell = Shell(folder);
    for arguments in [&["activity", "verify"][..], &["backup", "copy.db"]] {
        let output = shell.run(&absent, arguments);
        assert_eq!(output.status.code(), Some(1));
        let text = text_of(&output);
        assert!(text.starts_with("latchkey: there is no database "), "{text}");
    }
    assert_eq!(std::fs::read_dir(shell.0.path()).expect("a folder").count(), 0);
}
