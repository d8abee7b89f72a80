//! The executable as it runs in production: a listener for programs, and a log without secrets.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use latchkey::base::keyring::{KeyFile, Keyring};
use tempfile::TempDir;

use super::wire::{Request, Response};
use super::{Key, assert_denied, assert_pass, code, outcome, unknown_secret};
use crate::support::{Client, PASSWORD};

/// A running process that is set up and has its own data directory.
pub struct Process {
    child: Child,
    folder: TempDir,
    pub pages: String,
    pub programs: String,
    pub manager: Client,
}

impl Process {
    pub fn start(options: &[&str]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_latchkey")), options)
    }

    /// Starts a process that may open at most `files` files. Its soft limit is lower at first.
    pub fn start_with_files(files: usize, options: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let script = format!("ulimit -Sn {}; ulimit -Hn {files}; exec \"$0\" \"$@\"", files / 4);
        command.args(["-c", &script, env!("CARGO_BIN_EXE_latchkey")]);
        Self::spawn(command, options)
    }

    fn spawn(mut command: Command, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LATCHKEY_")) {
            command.env_remove(name);
        }
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--verify-listen", "127.0.0.1:0"])
            .args(options)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .env("RUST_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log")).expect("a file"))
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut after = |words: &str| {
            let line = lines.next().expect("a line").expect("readable");
            line.rsplit_once(words).unwrap_or_else(|| panic!("{line}")).1.to_owned()
        };
        let (pages, programs, code) = (after(" on "), after("http://"), after("code="));
        let manager = Client::new(&pages);
        let set_up = manager.submit_from(
            &format!("/set-up?code={code}"),
            "/set-up",
            &[
                ("code", code.as_str()),
                ("organisation", "Meridian Freight"),
                ("resources", "orders\ninvoices\nreports"),
                ("name", "Ines Okafor"),
                ("email", "ines@meridianfreight.example"),
                ("password", PASSWORD),
            ],
        );
        assert_eq!(set_up.status, 303, "{}", set_up.body);
        Self { child, folder, pages, programs: format!("http://{programs}"), manager }
    }

    /// A figure in kilobytes from `/proc/PID/status`, such as `VmRSS:`.
    pub fn kilobytes(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix(figure)).expect("the figure");
        let number: String = line.chars().filter(char::is_ascii_digit).collect();
        number.parse().expect("a number")
    }

    /// The number of files that the process has open.
    pub fn files(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        open.expect("the process runs").count()
    }

    pub fn database(&self) -> PathBuf {
        let data = fs::read_dir(self.folder.path().join("data")).expect("the data directory");
        data.map(|entry| entry.expect("an entry").path())
            .find(|path| path.extension().is_some_and(|extension| extension == "db"))
            .expect("a database")
    }

    pub(super) fn keyring(&self) -> Keyring {
        let file = KeyFile::open(&self.folder.path().join("data/secret.key"));
        file.expect("the master key").newest().clone()
    }

    /// Stops the process, asserts that it ended without an error, and returns its log.
    pub fn stop(&mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        assert!(self.child.wait().expect("it ends").success(), "the process failed");
        assert!(TcpStream::connect(self.programs.trim_start_matches("http://")).is_err());
        fs::read_to_string(self.folder.path().join("log")).expect("the log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(url: &str, target: &str) -> Response {
    Request::new(url, "GET", target).send()
}

#[test]
fn the_listener_for_programs_serves_its_endpoints_and_no_page() {
    let process = Process::start(&[]);
    let key = Key::introspecting(&process.manager, &[("ip_whitelist", "127.0.0.1")]);
    for url in [&process.programs, &process.pages] {
        assert_pass(&Request::new(url, "GET", "/v1/authorize").bearer(&key.secret).send());
        // No proxy is trusted by default, so a forwarded address is ignored.
        let forwarded = Request::new(url, "GET", "/v1/authorize").from("192.0.2.66");
        assert_pass(&forwarded.bearer(&key.secret).send());
        let denied = get(url, "/v1/authorize");
        assert_denied(&denied);
        assert_eq!(outcome(&denied), code(401, "missing_key"));
        let request = Request::new(url, "POST", "/v1/introspect").bearer(&key.secret);
        let fields = [("token", key.secret.as_str()), ("client_ip", "127.0.0.1")];
        let response = request.form(&fields).send();
        assert_eq!(response.json()["client_id"], key.id);
        assert_eq!(response.json()["iss"], process.pages.as_str());
        for target in ["/healthz", "/readyz"] {
            let response = get(url, target);
            assert_eq!((response.status, response.body.as_str()), (200, "ok\n"), "{target}");
            let head = Request::new(url, "HEAD", target).send();
            assert_eq!(head.status, 200, "{target}");
        }
    }
    for target in [
        "/",
        "/sign-in",
        "/set-up",
        "/sign-out",
        "/api-keys",
        "/api-keys/new",
        "/account",
        "/roles",
        "/members",
        "/activity",
        "/settings",
        "/assets/app.css",
        "/favicon.ico",
        "/v1",
    ] {
        for method in ["GET", "POST"] {
            let response = Request::new(&process.programs, method, target).send();
            assert_eq!(response.status, 404, "{method} {target}");
            assert_eq!(
                (response.body.as_str(), response.header("set-cookie")),
                ("", ""),
                "{target}"
            );
        }
    }
    assert_eq!(get(&process.pages, "/sign-in").status, 200);
    key.revoke(&process.manager);
    for url in [&process.programs, &process.pages] {
        let response = Request::new(url, "GET", "/v1/authorize").bearer(&key.secret).send();
        assert_eq!(outcome(&response), code(401, "key_revoked"), "both listeners agree");
    }
}

#[test]
fn every_response_to_programs_has_nosniff_and_health_is_plain_text() {
    let process = Process::start(&[]);
    for url in [&process.programs, &process.pages] {
        for target in ["/healthz", "/readyz"] {
            for method in ["GET", "HEAD"] {
                let response = Request::new(url, method, target).send();
                let content_type = response.header("content-type");
                assert_eq!(content_type, "text/plain; charset=utf-8", "{method} {target}");
            }
        }
        for target in [
            "/healthz",
            "/readyz",
            "/metrics",
            "/v1",
            "/v1/",
            "/v1/none",
            "/v1/authorize",
            "/v1/authorize/below",
            "/v1/introspect",
            "/v1/introspect/below",
            "/none",
        ] {
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
                let response = Request::new(url, method, target).send();
                let what = format!("{method} {target}: {}", response.raw);
                assert_eq!(response.header("x-content-type-options"), "nosniff", "{what}");
            }
        }
    }
    let key = Key::introspecting(&process.manager, &[]);
    let request = Request::new(&process.programs, "POST", "/v1/introspect").bearer(&key.secret);
    let response = request.form(&[("token", "none")]).send();
    assert_eq!((response.status, response.header("x-content-type-options")), (200, "nosniff"));
}

#[test]
fn readiness_without_a_database_is_plain_text() {
    let process = Process::start(&[]);
    let database = process.database();
    let mut connection = SqliteConnection::establish(&database.to_string_lossy()).expect("opens");
    let hide = "PRAGMA busy_timeout = 5000; ALTER TABLE settings RENAME TO elsewhere";
    connection.batch_execute(hide).expect("renamed");
    for url in [&process.programs, &process.pages] {
        let response = get(url, "/readyz");
        assert_eq!(
            (response.status, response.body.as_str()),
            (503, "the database cannot be read\n")
        );
        assert_eq!(response.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(response.header("x-content-type-options"), "nosniff");
    }
}

#[test]
fn the_log_contains_no_part_of_a_secret_key() {
    for format in ["text", "json"] {
        let mut process = Process::start(&["--log-format", format]);
        let valid = Key::introspecting(&process.manager, &[]);
        let revoked = Key::new(&process.manager, &[]);
        revoked.revoke(&process.manager);
        let secrets = [valid.secret.clone(), revoked.secret.clone(), unknown_secret()];
        for url in [&process.programs, &process.pages] {
            for secret in &secrets {
                send_everywhere(url, &valid.secret, secret);
            }
        }
        let database = process.database();
        let mut connection =
            SqliteConnection::establish(&database.to_string_lossy()).expect("opens");
        let hide = "PRAGMA busy_timeout = 5000; ALTER TABLE api_key_secrets RENAME TO elsewhere";
        connection.batch_execute(hide).expect("renamed");
        let uncached = unknown_secret();
        let undecided =
            Request::new(&process.programs, "GET", "/v1/authorize").bearer(&uncached).send();
        assert_eq!(undecided.status, 503);
        let log = process.stop();
        assert!(log.contains("could not be decided"), "the failure is in the log: {log}");
        for secret in secrets.iter().chain([&uncached]) {
            // The log has no 10 consecutive characters of the random part.
            let random = &secret["lk_prod_".len()..];
            for at in 0..random.len() - 10 {
                let part = &random[at..at + 10];
                let line = log.lines().find(|line| line.contains(part));
                assert!(line.is_none(), "{format}: {line:?}");
            }
        }
    }
}

/// Sends a secret key in every place of a request that can hold one.
pub(super) fn send_everywhere(url: &str, caller: &str, secret: &str) {
    let get = |target: &str| Request::new(url, "GET", target);
    let query = format!("scope={secret}&token={secret}&environment={secret}&x={secret}");
    let requests = [
        get("/v1/authorize").bearer(secret),
        get("/v1/authorize").bearer(&format!("{secret}x")),
        get("/v1/authorize").bearer(&secret[..56]),
        get("/v1/authorize").header("Authorization", format!("Basic {secret}")),
        get("/v1/authorize").bearer(secret).bearer(secret),
        get("/v1/authorize").header("Authorization", format!("Bearer {secret}\0")),
        get("/v1/authorize")
            .bearer(caller)
            .header("X-Original-URI", format!("/orders?access_token={secret}"))
            .header("X-Original-Method", secret)
            .header("X-Forwarded-Uri", format!("/orders?access_token={secret}"))
            .header("X-Forwarded-For", secret)
            .header("X-Request-Id", secret)
            .header("User-Agent", secret)
            .header("Cookie", format!("latchkey={secret}")),
        get(&format!("/v1/authorize?{query}")).bearer(secret),
        get(&format!("/v1/authorize?{secret}")).bearer(caller),
        get(&format!("/v1/authorize/{secret}")),
        get(&format!("/v1/introspect/{secret}")),
        get(&format!("/v1/introspect?{query}")).bearer(caller),
        get(&format!("/{secret}")),
        get(&format!("/api-keys/{secret}")),
        get(&format!("/api-keys?q={secret}")),
        get(&format!("/sign-in?next=/{secret}")),
        get(&format!("/assets/{secret}")),
        get(&format!("/healthz?{query}")),
        get(&format!("/readyz?{query}")),
        Request::new(url, "POST", &format!("/v1/introspect?{query}")).bearer(caller),
        Request::new(url, "POST", "/v1/introspect").bearer(caller).form(&[("token", secret)]),
        Request::new(url, "POST", "/v1/introspect").bearer(secret).form(&[("token", secret)]),
        Request::new(url, "POST", "/v1/introspect").bearer(caller).form(&[
            ("token", secret),
            ("token", secret),
            ("client_ip", secret),
            ("scope", secret),
        ]),
        Request::new(url, "POST", "/v1/introspect").bearer(caller).body(secret),
        Request::new(url, secret, "/v1/authorize"),
        Request::new(url, secret, "/sign-in"),
        Request::new(url, "GET", "/v1/authorize").header(secret, secret),
    ];
    for request in requests {
        let _ = request.try_send();
    }
}
