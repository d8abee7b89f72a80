//! `latchkey demo`: the program itself, from the command line to the browser.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use latchkey::db::Location;
use tempfile::TempDir;

use crate::support::{Client, Database};

/// A data directory, and the program to run on it.
struct Shell {
    folder: TempDir,
    database: Database,
}

impl Shell {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), database: Database::new() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.env_clear().args(arguments).arg("--data-dir").arg(self.folder.path());
        match &self.database.location {
            Location::Sqlite(path) => command.arg("--database-url").arg(path),
            Location::Postgres(url) => command.arg("--database-url").arg(url),
        };
        command.arg("--secret-key-file").arg(self.folder.path().join("secret.key"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Serves until the answer is dropped.
    fn serve(&self) -> (Server, String) {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut first = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut first).expect("a line");
        let url = first.split_whitespace().last().expect("an address").to_owned();
        (Server(child), url)
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What stands behind `label` in each line that starts with it.
fn said<'a>(output: &'a str, label: &str) -> Vec<&'a str> {
    let behind = |line: &'a str| line.strip_prefix(label)?.split_whitespace().next();
    output.lines().filter_map(behind).collect()
}

#[test]
fn the_sample_is_signed_in_to_as_it_says_and_made_only_once() {
    let shell = Shell::new();
    let made = shell.run(&["demo", "--keys", "60"]);
    let output = String::from_utf8(made.stdout).expect("text");
    assert!(made.status.success(), "{output}{}", String::from_utf8_lossy(&made.stderr));

    let again = shell.run(&["demo"]);
    let refusal = String::from_utf8(again.stderr).expect("text");
    assert!(!again.status.success());
    assert!(refusal.starts_with("latchkey: the database is not empty: give"), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");

    let (_server, url) = shell.serve();
    let password = said(&output, "Password:")[0];
    let emails = said(&output, "Email:");
    assert_eq!(emails.len(), 4, "{output}");
    let expected = [200, 200, 200, 403];
    for (email, expected) in emails.into_iter().zip(expected) {
        let member = Client::new(&url);
        let page = member.submit("/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(page.status, 303, "{email}: {}", page.body);
        assert_eq!(member.get("/api-keys").status, expected, "{email}");
    }
}

#[test]
fn the_samples_activity_is_whole_and_in_order() {
    let shell = Shell::new();
    assert!(shell.run(&["demo", "--keys", "60"]).status.success());
    let verified = shell.run(&["activity", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let mut beside = shell.database.connect();
    let late = beside.texts(
        "SELECT a.event AS text FROM activity AS a JOIN activity AS b ON b.number = a.number + 1 \
         WHERE b.at < a.at",
    );
    assert_eq!(late, [""; 0], "happened before the one before");
    let events = beside.texts("SELECT DISTINCT event AS text FROM activity");
    for event in [
        "organisation.set_up",
        "member.added",
        "api_key.created",
        "api_key.revoked",
        "session.signed_in",
        "session.sign_in_failed",
    ] {
        assert!(events.iter().any(|found| found == event), "{event}");
    }
}
