//! `latchkey copy`: an SQLite installation moves to PostgreSQL, whole, and is used in one place only.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use latchkey::config::Location;
use tempfile::TempDir;

use super::{fill, rows};
use crate::activity::verify::text_of;
use crate::support::{Database, files, postgres_server};

/// A data directory with a database, as `serve` makes it.
struct Installation {
    folder: TempDir,
    database: Database,
}

impl Installation {
    fn new(keys: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        files::write(&folder.path().join("secret.key"), 0o600, [42; 32]);
        let database = Database::borrowed(Location::Sqlite(folder.path().join("latchkey.db")));
        fill(&database, keys);
        Self { folder, database }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.env_clear().args(arguments).arg("--data-dir").arg(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    fn moved(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("MOVED")).ok()
    }
}

/// The URL of a database, with a password.
fn url(target: &Database) -> String {
    let Location::Postgres(url) = &target.location else { panic!("PostgreSQL") };
    url.replacen("latchkey@", "latchkey:hunter2@", 1)
}

#[test]
fn an_installation_moves_with_every_row_and_no_longer_starts() {
    if postgres_server().is_none() {
        return;
    }
    let installation = Installation::new(300);
    let before = rows(&installation.database);
    let target = Database::empty();
    let output = installation.run(&["copy", "--to", &url(&target)]);
    let message = text_of(&output);
    assert!(output.status.success(), "{message}");
    assert!(message.contains("each compared") && !message.contains("hunter2"), "{message}");
    assert_eq!(rows(&target), before);
    assert_eq!(rows(&installation.database), before);
    let line = installation.moved().expect("a file");
    assert!(line.lines().count() == 1 && !line.contains("hunter2"), "{line}");
    let Location::Postgres(shown) = &target.location else { panic!("PostgreSQL") };
    assert!(line.contains(shown), "{line}");
    for command in [
        &["serve", "--listen", "127.0.0.1:0"] as &[&str],
        &["migrate"],
        &["member", "list"],
        &["mail", "off"],
        &["copy", "--to", &url(&target)],
    ] {
        let output = installation.run(command);
        assert_eq!(text_of(&output), format!("latchkey: {line}"), "{command:?}");
        assert_eq!(output.status.code(), Some(1), "{command:?}");
    }
    // What only reads still works, and so does the other database.
    assert!(installation.run(&["activity", "verify"]).status.success());
    let key = installation.folder.path().join("secret.key").display().to_string();
    let moved = ["--database-url", &url(&target), "--secret-key-file", &key];
    for command in [&["activity", "verify"] as &[&str], &["migrate"]] {
        let output = installation.run(&[command, &moved].concat());
        assert!(output.status.success(), "{}", text_of(&output));
    }
}

#[test]
fn the_source_stays_in_use_only_on_request() {
    if postgres_server().is_none() {
        return;
    }
    let installation = Installation::new(3);
    let target = Database::empty();
    let copy = ["copy", "--to", &url(&target), "--keep-source"];
    let output = installation.run(&copy);
    assert!(output.status.success(), "{}", text_of(&output));
    assert!(text_of(&output).contains("start only one of the two"));
    assert_eq!(installation.moved(), None);
    // The same again finds that everything is there: as after a stop before the last step.
    let output = installation.run(&copy[..3]);
    assert!(output.status.success(), "{}", text_of(&output));
    assert!(text_of(&output).contains("already, each compared"), "{}", text_of(&output));
    assert!(installation.moved().is_some());
    fs::remove_file(installation.folder.path().join("MOVED")).expect("removed");
    assert!(installation.run(&["member", "list"]).status.success());
    // A database that was used since is another one.
    target
        .connect()
        .run("UPDATE roles SET description = 'x' WHERE id = (SELECT MIN(id) FROM roles)");
    let output = installation.run(&copy);
    assert_eq!(output.status.code(), Some(1));
    assert!(text_of(&output).contains("the database is not empty"), "{}", text_of(&output));
}

#[test]
fn a_copy_is_refused_while_latchkey_uses_the_file_and_for_what_it_cannot_copy() {
    if postgres_server().is_none() {
        return;
    }
    let installation = Installation::new(3);
    let target = Database::empty();
    let url = url(&target);
    let mut serve = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut line = String::new();
    let output = child.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).expect("a line");
    let refused = installation.run(&["copy", "--to", &url]);
    assert!(text_of(&refused).contains("stop it first"), "{}", text_of(&refused));
    let _ = child.kill();
    let _ = child.wait();
    let refused = installation.run(&["copy", "--to", "sqlite:x.db"]);
    assert_eq!(refused.status.code(), Some(2));
    let refused =
        installation.run(&["copy", "--to", &url, "--database-url", &url, "--secret-key-file", "x"]);
    assert!(text_of(&refused).contains("copy reads an SQLite database"), "{}", text_of(&refused));
    files::write(&installation.folder.path().join("other.key"), 0o600, [7; 32]);
    let other = installation.folder.path().join("other.key").display().to_string();
    let refused = installation.run(&["copy", "--to", &url, "--secret-key-file", &other]);
    assert!(text_of(&refused).contains("another secret key file"), "{}", text_of(&refused));
    assert!(super::is_untouched(&target) && installation.moved().is_none());
}

#[test]
fn a_copy_that_was_killed_can_be_repeated() {
    if postgres_server().is_none() {
        return;
    }
    let installation = Installation::new(3_000);
    let before = rows(&installation.database);
    let target = Database::empty();
    let url = url(&target);
    for pause in [50, 200, 500, 1_000, 1_500, 2_500] {
        let mut command = installation.command(&["copy", "--to", &url]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(pause));
        let is_done = child.try_wait().expect("asked").is_some();
        let _ = child.kill();
        let _ = child.wait();
        if is_done {
            break;
        }
    }
    let output = installation.run(&["copy", "--to", &url]);
    assert!(output.status.success() || installation.moved().is_some(), "{}", text_of(&output));
    assert_eq!(rows(&target), before);
    assert!(installation.moved().is_some());
}
