//! The program as a process: what it prints, why it does not start, and how it stops.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;

use latchkey::db::Location;
use tempfile::TempDir;

use crate::support::{Client, Database, PASSWORD, Shell, files};

fn latchkey(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command
}

/// A data directory, and the program that uses it.
pub struct Installation {
    pub folder: TempDir,
    /// Options for a database outside the data directory.
    database: Vec<String>,
}

impl Installation {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), database: Vec::new() }
    }

    /// The same with the database of the test.
    fn in_database(database: &Database) -> Self {
        let mut installation = Self::new();
        if let Location::Postgres(url) = &database.location {
            let key = installation.folder.path().join("master.key").display().to_string();
            installation.database =
                ["--database-url", url, "--secret-key-file", &key].map(str::to_owned).into();
        }
        installation
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = latchkey(arguments);
        command.arg("--data-dir").arg(self.data()).args(&self.database);
        command
    }

    pub fn run(&self, arguments: &[&str], typed: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("started");
        // The program may fail without reading its input.
        let _ = child.stdin.take().expect("piped").write_all(typed.as_bytes());
        child.wait_with_output().expect("ended")
    }

    /// What the latest server wrote to standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    pub fn serve(&self) -> Running {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let log = fs::File::create(self.folder.path().join("log")).expect("a log");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("started");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let url = line.trim().split("listens on ").nth(1).expect(&line).to_owned();
        Running { child, url, output }
    }
}

pub struct Running {
    pub child: Child,
    pub url: String,
    output: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// Reads the set-up link, which is the second line of the output.
    fn link(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        let start = "Set up the first super manager within one hour: ";
        line.trim().strip_prefix(start).expect(&line).to_owned()
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    }

    /// Stops the program with SIGTERM, and waits until it has ended.
    pub fn stop(mut self) {
        // The program prints its address before it handles signals.
        assert_eq!(self.client().get("/healthz").status, 200);
        self.terminate();
        assert_eq!(self.child.wait().expect("ended").code(), Some(0));
    }

    /// Kills the program, as a power failure would.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Sets up the organisation, and returns the browser of its super manager.
    pub fn set_up(&mut self) -> Client {
        let link = self.link();
        let code = link.split("code=").nth(1).expect("a code").to_owned();
        let client = self.client();
        let fields = [
            ("code", code.as_str()),
            ("organisation", "Meridian Freight"),
            ("resources", "orders"),
            ("name", "Ines Okafor"),
            ("email", "ines@example.com"),
            ("password", PASSWORD),
        ];
        let page = client.submit("/set-up", &fields);
        assert_eq!(page.status, 303, "{}", page.body);
        client
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line that a failed command wrote to standard error. Asserts that it wrote nothing else.
pub fn error_line(output: &Output) -> String {
    let line = String::from_utf8(output.stderr.clone()).expect("text");
    assert!(!output.status.success() && output.status.code().is_some(), "{line}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(line.starts_with("latchkey: ") && line.ends_with('\n'), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

#[test]
fn the_first_start_prints_and_stores_a_link_that_works() {
    let installation = Installation::new();
    let mut running = installation.serve();
    assert!(running.url.starts_with("http://127.0.0.1:") && !running.url.ends_with(":0"));
    let link = running.link();
    let file = installation.data().join("set-up-link.txt");
    assert_eq!(fs::read_to_string(&file).expect("the file").trim(), link);
    for private in [&file, &installation.data().join("latchkey.db"), &installation.data()] {
        assert!(private.exists(), "{}", private.display());
    }
    assert_modes(&installation.data());
    let path = link.strip_prefix(&running.url).expect("its own address").to_owned();
    let page = running.client().get(&path);
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Set up Latchkey"));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(running.client().get(path).status, 200);
    }
    running.terminate();
    assert_eq!(running.child.wait().expect("ended").code(), Some(0));
    let mut again = installation.serve();
    assert_ne!(again.link(), link, "each start creates a new code");
    let mut third = {
        drop(again);
        installation.serve()
    };
    third.set_up();
    drop(third);
    let fourth = installation.serve();
    assert!(!file.exists(), "the file is removed once there is a member");
    assert_eq!(fourth.client().get("/set-up").status, 404);
}

#[cfg(unix)]
fn assert_modes(data: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(data), 0o700);
    let mut private = 0;
    for entry in fs::read_dir(data).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !name.starts_with("latchkey.") {
            assert_eq!(mode(&path), 0o600, "{name}");
            private += 1;
        }
    }
    assert_eq!(private, 2, "the link and the master key");
}

#[test]
fn invalid_options_are_reported_in_one_line_that_names_them() {
    let installation = Installation::new();
    for (arguments, named) in [
        (&["--listne", "127.0.0.1:0"][..], "--listne"),
        (&["servee"], "servee"),
        (&["--listen", "nowhere"], "--listen"),
        (&["--listen", "127.0.0.1:99999"], "--listen"),
        (&["--workers", "0"], "--workers"),
        (&["--log-format", "xml"], "--log-format"),
        (&["--public-url", "ftp://x"], "--public-url"),
        (&["--public-url", "https://x/path"], "--public-url"),
        (&["--trusted-proxies", "10.0.0.0/33"], "--trusted-proxies"),
        (&["--database-url", "mysql://x"], "--database-url"),
        (&["--database-url", "postgres://x/y"], "--secret-key-file"),
        (&["--verify-listen", "x"], "--verify-listen"),
        (&["--listen", "127.0.0.1:1", "--verify-listen", "127.0.0.1:1"], "--verify-listen"),
        (&["--listen", "0.0.0.0:0"], "--insecure-http"),
        (&["--listen", "[::]:0"], "--insecure-http"),
        (&["--public-url", "http://keys.example.com"], "--insecure-http"),
        (&["member"], "member"),
        (&["member", "add", "--email", "x", "--name", "X"], "--email"),
        (&["member", "add", "--email", "x@example.com", "--name", ""], "--name"),
        (
            &["member", "add", "--email", "x@example.com", "--name", "X", "--permission", "all"],
            "--permission",
        ),
        (&["demo", "--keys=-1"], "--keys"),
    ] {
        let line = error_line(&installation.run(arguments, ""));
        assert!(line.contains(named), "{arguments:?}: {line}");
    }
    for (name, value) in [
        ("LATCHKEY_LISTNE", "127.0.0.1:0"),
        ("LATCHKEY_LISTEN", "nowhere"),
        ("LATCHKEY_", "x"),
        ("LATCHKEY_WORKERS", "many"),
    ] {
        let output = installation.command(&["serve"]).env(name, value).output().expect("ended");
        assert!(error_line(&output).contains(name), "{name}");
    }
    assert!(!installation.data().exists(), "nothing was created");
    for option in ["--help", "--version"] {
        let output = latchkey(&[option]).output().expect("ended");
        assert!(output.status.success() && output.stderr.is_empty(), "{option}");
    }
}

#[test]
fn a_start_that_fails_prints_one_line() {
    let installation = Installation::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let line = error_line(&installation.run(&["serve", "--listen", &address], ""));
    assert!(line.contains(&address) && line.contains("--listen"), "{line}");

    let file = installation.folder.path().join("file");
    fs::write(&file, "x").expect("a file");
    for place in [file.clone(), file.join("below")] {
        let output =
            latchkey(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&place).output();
        let line = error_line(&output.expect("ended"));
        assert!(line.contains(&place.display().to_string()), "{line}");
    }

    let start = ["serve", "--listen", "127.0.0.1:0"];
    let key = installation.folder.path().join("short.key");
    files::write(&key, 0o600, "too short");
    let output = installation.command(&start).arg("--secret-key-file").arg(&key).output();
    assert!(error_line(&output.expect("ended")).contains("short.key"));
    files::write(&key, 0o600, "another master key, long enough to be one");
    let output = installation.command(&start).arg("--secret-key-file").arg(&key).output();
    assert!(
        error_line(&output.expect("ended")).contains("--secret-key-file"),
        "another master key"
    );
}

#[test]
fn a_newer_damaged_or_unreachable_database_stops_the_start() {
    let installation = Installation::new();
    assert!(installation.run(&["migrate"], "").status.success());
    let start = ["serve", "--listen", "127.0.0.1:0"];
    let path = installation.data().join("latchkey.db");
    {
        use diesel::Connection as _;
        use diesel::connection::SimpleConnection as _;
        let mut connection =
            diesel::SqliteConnection::establish(&path.to_string_lossy()).expect("opened");
        connection
            .batch_execute(
                "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')",
            )
            .expect("written");
    }
    let line = error_line(&installation.run(&start, ""));
    assert!(line.contains("newer version of Latchkey"), "{line}");
    for (name, content) in [
        ("other.db", "this is no database at all, just some text\n"),
        ("half.db", "SQLite format 3\0"),
    ] {
        let path = installation.folder.path().join(name);
        fs::write(&path, content.repeat(100)).expect("written");
        let path = path.display().to_string();
        let line = error_line(
            &installation.run(&["serve", "--listen", "127.0.0.1:0", "--database-url", &path], ""),
        );
        assert!(line.len() < 400, "{line}");
    }
    let nowhere = "postgres://nobody@127.0.0.1:1/none";
    let key = installation.folder.path().join("k").display().to_string();
    let arguments = ["migrate", "--database-url", nowhere, "--secret-key-file", &key];
    error_line(&installation.run(&arguments, ""));
}

#[test]
fn members_are_added_listed_and_given_a_reset_link_from_the_command_line() {
    let installation = Installation::new();
    let add = ["member", "add", "--email", "ines@example.com", "--name", "Ines Okafor"];
    let weak = error_line(&installation.run(&add, "password1234\n"));
    assert!(weak.contains("too easy to guess"), "{weak}");
    assert!(error_line(&installation.run(&add, "")).contains("Enter a password"));
    let typed = format!("{PASSWORD}\n");
    let added = installation.run(&[&add[..], &["--super-manager"]].concat(), &typed);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    assert!(error_line(&installation.run(&add, &typed)).contains("already has this email address"));
    let narrow = [
        "member",
        "add",
        "--email",
        "noor@example.com",
        "--name",
        "Noor",
        "--super-manager",
        "--permission",
        "api.key.view",
    ];
    assert!(installation.run(&narrow, &format!("{PASSWORD}\r\n")).status.success());
    let listed = String::from_utf8(installation.run(&["member", "list"], "").stdout).expect("text");
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(lines[1].contains("ines@example.com") && lines[1].contains("all"), "{listed}");
    assert!(lines[2].contains("noor@example.com") && lines[2].contains("api.key.view"), "{listed}");
    let unknown = ["member", "reset-password", "--email", "nobody@example.com"];
    assert!(error_line(&installation.run(&unknown, "")).contains("nobody@example.com"));

    let running = installation.serve();
    let noor = running.client();
    let fields = [("email", "noor@example.com"), ("password", PASSWORD)];
    assert_eq!(noor.submit("/sign-in", &fields).status, 303);
    let table = noor.get("/api-keys");
    assert!(table.status == 200 && !table.has("#create"), "{}", table.body);
    let reset = installation.run(&["member", "reset-password", "--email", "noor@example.com"], "");
    let printed = String::from_utf8(reset.stdout).expect("text");
    let link = printed.lines().next().expect("a link");
    let path = &link[link.find("/reset-password").expect(link)..];
    assert_eq!(noor.get("/api-keys").status, 303, "her sessions ended, in the running program too");
    assert_eq!(running.client().get(path).status, 200);
}

#[test]
fn a_missing_secret_key_file_is_not_replaced() {
    let shell = Shell::new();
    assert!(shell.run(&["migrate"]).status.success());
    let key = shell.folder.path().join("secret.key");
    fs::remove_file(&key).expect("removed");
    let before = fs::read_dir(shell.folder.path()).expect("a folder").count();
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["member", "list"]]
    {
        let line = error_line(&shell.run(arguments));
        assert!(line.contains("secret.key is missing"), "{line}");
    }
    let after = fs::read_dir(shell.folder.path()).expect("a folder").count();
    assert_eq!(before, after, "nothing was created");
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    let installation = Installation::new();
    let add = ["member", "add", "--email", "ines@example.com", "--name", "Ines Okafor"];
    assert!(installation.run(&add, &format!("{PASSWORD}\n")).status.success());
    let copy = installation.folder.path().join("copy").display().to_string();
    for arguments in [
        &["activity", "verify"][..],
        &["backup", &copy],
        &["migrate"],
        &["member", "list"],
        &["member", "reset-password", "--email", "ines@example.com"],
        &["mail", "show"],
        &["mail", "off"],
        &["--help"],
        &["member", "--help"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = installation.command(arguments).stdout(writer).output().expect("ended");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    }
    // A closed standard error does not cause a crash either.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status =
        installation.command(&["migrate", "--database-url", "x://y"]).stderr(writer).status();
    assert_eq!(status.expect("ended").code(), Some(2));
}

#[test]
fn sigterm_finishes_requests_in_flight() {
    let installation = Installation::new();
    let mut running = installation.serve();
    let address = running.url.strip_prefix("http://").expect("an address").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connected");
    let body = "email=x&password=x";
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).expect("an interim response");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    running.terminate();
    stream.write_all(body.as_bytes()).expect("sent");
    let mut rest = String::new();
    let mut lines = BufReader::new(stream);
    lines.read_line(&mut rest).expect("an answer");
    assert!(rest.starts_with("HTTP/1.1 403"), "{rest}");
    drop(lines);
    assert_eq!(running.child.wait().expect("ended").code(), Some(0));
    assert!(TcpStream::connect(&address).is_err(), "the program still listens");
}

#[test]
fn the_log_contains_no_code_password_or_secret() {
    let installation = Installation::new();
    let mut running = installation.serve();
    let client = running.set_up();
    let code = fs::read_to_string(installation.data().join("set-up-link.txt")).unwrap_or_default();
    let secret = client.create_key(&[]).secret();
    assert!(secret.starts_with("lk_prod_"));
    assert_eq!(client.submit("/diagnosis", &[("question", &secret)]).status, 200);
    assert_eq!(client.submit("/diagnosis", &[("question", &secret[..40])]).status, 200);
    let redirected = client.get(&format!("/diagnosis?q={secret}"));
    assert_eq!((redirected.status, redirected.location()), (303, "/diagnosis"));
    client.get(&format!("/reset-password?code={}", "c".repeat(22)));
    let fields = [("name", "Noor"), ("email", "noor@example.com")];
    let link = client.submit_from("/members/new", "/members", &fields).text("#one-time-link");
    let invitation = link.split("code=").nth(1).expect("a code");
    client.get(&format!("/invitation?code={invitation}"));
    let cookie = client.cookie("latchkey").expect("a session");
    running.terminate();
    running.child.wait().expect("ended");
    let log = fs::read_to_string(installation.folder.path().join("log")).expect("a log");
    assert!(log.contains("/diagnosis"), "requests are logged: {log}");
    let code = code.trim().split("code=").nth(1).unwrap_or("none");
    for sensitive in
        [PASSWORD, &secret[8..30], code, &cookie, &"c".repeat(22), invitation, "form_token"]
    {
        assert!(!log.contains(sensitive), "the log contains {sensitive}");
    }
}

#[test]
fn the_log_names_who_was_denied_what_and_from_where() {
    let installation = Installation::new();
    let mut running = installation.serve();
    running.set_up();
    let email = "noor@example.com";
    let typed = format!("{PASSWORD}\n");
    let added = installation.run(&["member", "add", "--email", email, "--name", "Noor"], &typed);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let noor = running.client();
    let fields = [("email", email), ("password", PASSWORD)];
    assert_eq!(noor.submit("/sign-in", &fields).status, 303);
    assert_eq!(noor.get("/members").status, 403);
    let stranger = [("email", "typed-by-mistake"), ("password", "wrong")];
    assert_eq!(running.client().submit("/sign-in", &stranger).status, 422);
    running.terminate();
    running.child.wait().expect("ended");
    let log = fs::read_to_string(installation.folder.path().join("log")).expect("a log");
    let denied: Vec<&str> = log.lines().filter(|line| line.contains("access denied")).collect();
    let [line] = denied.as_slice() else { panic!("one line: {log}") };
    for part in ["path=\"/members\"", "member=\"mem_", "127.0.0.1", "member.manage", " WARN "] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!log.contains("typed-by-mistake"), "the log contains what a visitor typed");
}

#[test]
fn acknowledged_writes_survive_kill_9() {
    let database = Database::for_process();
    let installation = Installation::in_database(&database);
    let mut running = installation.serve();
    let client = running.set_up();
    let cookie = client.cookie("latchkey").expect("a session");
    let mut known: Vec<String> = Vec::new();
    for round in 0..3 {
        let (sender, acknowledged) = mpsc::channel();
        std::thread::scope(|scope| {
            for writer in 0..2 {
                let (client, sender) = (running.client(), sender.clone());
                client.set_cookie("latchkey", &cookie);
                scope.spawn(move || {
                    for n in 0.. {
                        let name = format!("Round {round}, writer {writer}, key {n}");
                        let Some(id) = client.try_key(&name) else { return };
                        if sender.send(id).is_err() {
                            return;
                        }
                    }
                });
            }
            known.extend((0..4 + round).map(|_| acknowledged.recv().expect("a key")));
            running.child.kill().expect("killed");
            drop(sender);
            known.extend(acknowledged);
        });
        running.child.wait().expect("ended");
        running = installation.serve();
        let client = running.client();
        client.set_cookie("latchkey", &cookie);
        for id in &known {
            let page = client.get(&format!("/api-keys/{id}"));
            assert_eq!(page.status, 200, "{id} was lost in round {round}: {}", page.location());
            assert_eq!(page.all(".log td.what"), ["Created"], "{id} without its entry");
        }
    }
    assert!(known.len() >= 12);
}
