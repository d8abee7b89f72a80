//! The program as it is run: an address of its own for programs, and a log without secrets.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use latchkey::base::keyring::Keyring;
use tempfile::TempDir;

use super::wire::{Answer, Request};
use super::{Key, code, is_pass, is_refusal, outcome, stranger};
use crate::support::{Client, PASSWORD};

/// A process with a data directory of its own, set up.
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

    /// The same with at most so many open files, of which the shell that starts it allows fewer.
    pub fn start_with_files(files: usize, options: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -Sn {}; ulimit -Hn {files}; exec \"$0\" \"$@\"", files / 4);
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_latchkey")]);
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

    /// The kernel's figure of it, as in `/proc/PID/status`, in kilobytes.
    pub fn kilobytes(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix(figure)).expect("the figure");
        let number: String = line.chars().filter(char::is_ascii_digit).collect();
        number.parse().expect("a number")
    }

    /// How many files it has open.
    pub fn files(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        open.expect("the process lives").count()
    }

    pub fn database(&self) -> PathBuf {
        let data = fs::read_dir(self.folder.path().join("data")).expect("the data directory");
        data.map(|entry| entry.expect("an entry").path())
            .find(|path| path.extension().is_some_and(|extension| extension == "db"))
            .expect("a database")
    }

    pub(super) fn keyring(&self) -> Keyring {
        Keyring::open(&self.folder.path().join("data/secret.key")).expect("the master key")
    }

    /// Ends the process, well, and returns what it wrote to its log.
    pub fn stop(&mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        assert!(self.child.wait().expect("an end").success(), "both servers end well");
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

fn get(url: &str, target: &str) -> Answer {
    Request::new(url, "GET", target).send()
}

#[test]
fn the_address_for_programs_answers_them_and_serves_no_page() {
    let process = Process::start(&[]);
    let key = Key::introspecting(&process.manager, &[("ip_whitelist", "127.0.0.1")]);
    for url in [&process.programs, &process.pages] {
        is_pass(&Request::new(url, "GET", "/v1/authorize").bearer(&key.secret).send());
        // Nobody is trusted by default: what a stranger says of its address does not count.
        let named = Request::new(url, "GET", "/v1/authorize").from("192.0.2.66");
        is_pass(&named.bearer(&key.secret).send());
        let refused = get(url, "/v1/authorize");
        is_refusal(&refused);
        assert_eq!(outcome(&refused), code(401, "missing_key"));
        let ask = Request::new(url, "POST", "/v1/introspect").bearer(&key.secret);
        let fields = [("token", key.secret.as_str()), ("client_ip", "127.0.0.1")];
        let answer = ask.form(&fields).send();
        assert_eq!(answer.json()["client_id"], key.id);
        assert_eq!(answer.json()["iss"], process.pages.as_str());
        for target in ["/healthz", "/readyz"] {
            let answer = get(url, target);
            assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "{target}");
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
        "/v1/",
    ] {
        for method in ["GET", "POST"] {
            let answer = Request::new(&process.programs, method, target).send();
            assert_eq!(answer.status, 404, "{method} {target}");
            assert_eq!((answer.body.as_str(), answer.header("set-cookie")), ("", ""), "{target}");
        }
    }
    assert_eq!(get(&process.pages, "/sign-in").status, 200);
    key.revoke(&process.manager);
    for url in [&process.programs, &process.pages] {
        let answer = Request::new(url, "GET", "/v1/authorize").bearer(&key.secret).send();
        assert_eq!(outcome(&answer), code(401, "key_revoked"), "both addresses, one answer");
    }
}

#[test]
fn no_answer_to_a_program_is_sniffed_and_health_is_plain_text() {
    let process = Process::start(&[]);
    for url in [&process.programs, &process.pages] {
        for target in ["/healthz", "/readyz"] {
            for method in ["GET", "HEAD"] {
                let answer = Request::new(url, method, target).send();
                let content_type = answer.header("content-type");
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
                let answer = Request::new(url, method, target).send();
                let what = format!("{method} {target}: {}", answer.raw);
                assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
            }
        }
    }
    let key = Key::introspecting(&process.manager, &[]);
    let ask = Request::new(&process.programs, "POST", "/v1/introspect").bearer(&key.secret);
    let answer = ask.form(&[("token", "none")]).send();
    assert_eq!((answer.status, answer.header("x-content-type-options")), (200, "nosniff"));
}

#[test]
fn readiness_without_a_database_is_plain_text() {
    let process = Process::start(&[]);
    let database = process.database();
    let mut beside = SqliteConnection::establish(&database.to_string_lossy()).expect("opens");
    let hide = "PRAGMA busy_timeout = 5000; ALTER TABLE settings RENAME TO elsewhere";
    beside.batch_execute(hide).expect("renamed");
    for url in [&process.programs, &process.pages] {
        let answer = get(url, "/readyz");
        assert_eq!((answer.status, answer.body.as_str()), (503, "the database cannot be read\n"));
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[test]
fn nothing_of_a_secret_key_stands_in_the_log() {
    for format in ["text", "json"] {
        let mut process = Process::start(&["--log-format", format]);
        let good = Key::introspecting(&process.manager, &[]);
        let dead = Key::new(&process.manager, &[]);
        dead.revoke(&process.manager);
        let secrets = [good.secret.clone(), dead.secret.clone(), stranger()];
        for url in [&process.programs, &process.pages] {
            for secret in &secrets {
                say_everywhere(url, &good.secret, secret);
            }
        }
        let database = process.database();
        let mut beside = SqliteConnection::establish(&database.to_string_lossy()).expect("opens");
        let hide = "PRAGMA busy_timeout = 5000; ALTER TABLE api_key_secrets RENAME TO elsewhere";
        beside.batch_execute(hide).expect("renamed");
        let cold = stranger();
        let undecided =
            Request::new(&process.programs, "GET", "/v1/authorize").bearer(&cold).send();
        assert_eq!(undecided.status, 503);
        let log = process.stop();
        assert!(log.contains("could not be decided"), "the fault is in the log: {log}");
        for secret in secrets.iter().chain([&cold]) {
            // Neither whole nor in parts: any 10 characters of the random ones.
            let random = &secret["lk_prod_".len()..];
            for at in 0..random.len() - 10 {
                let part = &random[at..at + 10];
                let line = log.lines().find(|line| line.contains(part));
                assert!(line.is_none(), "{format}: {line:?}");
            }
        }
    }
}

/// Says a secret key wherever a request has room for one.
pub(super) fn say_everywhere(url: &str, caller: &str, secret: &str) {
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
