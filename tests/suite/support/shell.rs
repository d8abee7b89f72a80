//! The program as it is run from the command line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use latchkey::db::Location;
use tempfile::TempDir;

use super::database::Database;

/// A data directory and a database, and the program that runs on them.
pub struct Shell {
    pub folder: TempDir,
    pub database: Database,
}

impl Shell {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), database: Database::for_process() }
    }

    /// Another data directory for the same database.
    pub fn on_the_same_database(&self) -> Self {
        let database = Database::borrowed(self.database.location.clone());
        Self { folder: tempfile::tempdir().expect("a folder"), database }
    }

    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("secret.key")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.env_clear().args(arguments).arg("--data-dir").arg(self.folder.path());
        match &self.database.location {
            Location::Sqlite(path) => command.arg("--database-url").arg(path),
            Location::Postgres(url) => command.arg("--database-url").arg(url),
        };
        command.arg("--secret-key-file").arg(self.key_file());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs the program with environment variables and with `input` on its standard input.
    pub fn run_with_input(
        &self,
        arguments: &[&str],
        variables: &[(&str, &Path)],
        input: &[u8],
    ) -> Output {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // The program may have ended without reading its input.
        let _ = child.stdin.take().expect("its input").write_all(input);
        child.wait_with_output().expect("the program ends")
    }

    /// Starts a server and returns it with its URL. It stops when it is dropped.
    pub fn serve(&self) -> (Server, String) {
        self.serve_with(&[])
    }

    /// Like [`Self::serve`], with additional options.
    pub fn serve_with(&self, options: &[&str]) -> (Server, String) {
        let (server, lines) = self.serve_lines(options, 1);
        (server, lines[0].split_whitespace().last().expect("an address").to_owned())
    }

    /// Starts a server and returns it with the first `count` lines that it prints.
    pub fn serve_lines(&self, options: &[&str], count: usize) -> (Server, Vec<String>) {
        self.serve_with_log(Stdio::null(), options, count)
    }

    /// Like [`Self::serve_lines`], with the log of the server written to `log`.
    pub fn serve_with_log(
        &self,
        log: Stdio,
        options: &[&str],
        count: usize,
    ) -> (Server, Vec<String>) {
        let usual: &[&str] =
            if options.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut command = self.command(&[&["serve"], usual, options].concat());
        let child = command.stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = child.expect("the program starts");
        // Nobody reads the lines after these.
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let lines = lines.take(count).map(|line| line.expect("a line")).collect();
        (Server(child), lines)
    }
}

/// A running server.
pub struct Server(Child);

impl Server {
    /// The log of the server, if it is a pipe.
    pub fn log(&mut self) -> Option<ChildStderr> {
        self.0.stderr.take()
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends the server a signal, by its name.
    pub fn signal(&self, name: &str) {
        let (name, id) = (format!("-{name}"), self.0.id().to_string());
        assert!(Command::new("kill").args([name, id]).status().expect("kill").success());
    }

    /// Stops the server and waits until it has ended.
    pub fn stop(self) {
        self.signal("TERM");
        self.wait_for_success();
    }

    /// Waits until the server has ended without an error.
    pub fn wait_for_success(mut self) {
        assert!(self.0.wait().expect("an end").success(), "the server exits with status 0");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
