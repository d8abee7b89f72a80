//! The program as it is run from the command line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use latchkey::db::Location;
use tempfile::TempDir;

use super::database::Database;

/// A data directory, and the program to run on it.
pub struct Shell {
    pub folder: TempDir,
    pub database: Database,
}

impl Shell {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), database: Database::of_a_process() }
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

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs it with environment variables and what is typed; returns what it prints.
    pub fn run_typing(
        &self,
        arguments: &[&str],
        variables: &[(&str, &Path)],
        typed: &[u8],
    ) -> Output {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // It may have ended without reading.
        let _ = child.stdin.take().expect("its input").write_all(typed);
        child.wait_with_output().expect("the program ends")
    }

    /// Serves until the answer is dropped.
    pub fn serve(&self) -> (Server, String) {
        self.serve_with(&[])
    }

    /// The same with further options.
    pub fn serve_with(&self, options: &[&str]) -> (Server, String) {
        let (server, lines) = self.serve_lines(options, 1);
        (server, lines[0].split_whitespace().last().expect("an address").to_owned())
    }

    /// The same, with the first lines that it prints.
    pub fn serve_lines(&self, options: &[&str], count: usize) -> (Server, Vec<String>) {
        self.serve_into(Stdio::null(), options, count)
    }

    /// The same, with its log.
    pub fn serve_into(&self, log: Stdio, options: &[&str], count: usize) -> (Server, Vec<String>) {
        let usual: &[&str] =
            if options.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut command = self.command(&[&["serve"], usual, options].concat());
        let child = command.stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = child.expect("the program starts");
        // What else it prints has no reader any more.
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let lines = lines.take(count).map(|line| line.expect("a line")).collect();
        (Server(child), lines)
    }
}

/// A running program.
pub struct Server(Child);

impl Server {
    /// Its log, if that is a pipe.
    pub fn log(&mut self) -> Option<ChildStderr> {
        self.0.stderr.take()
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        let (name, id) = (format!("-{name}"), self.0.id().to_string());
        assert!(Command::new("kill").args([name, id]).status().expect("kill").success());
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(self) {
        self.signal("TERM");
        self.ends_well();
    }

    /// Waits until it has ended.
    pub fn ends_well(mut self) {
        assert!(self.0.wait().expect("an end").success(), "it ends well");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
