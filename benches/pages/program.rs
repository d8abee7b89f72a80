//! The program under measurement: a data directory, a process, a signed-in client.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use latchkey::db::{Db, Location, without_indexes};
use reqwest::blocking::{Client, Response};
use tempfile::TempDir;

use crate::sign_in::{client, sign_in, value_after};

/// A filled data directory.
pub struct Data {
    folder: TempDir,
    email: String,
    password: String,
}

impl Data {
    /// Creates a sample organisation with `keys` keys.
    pub fn generate(keys: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let begin = Instant::now();
        let output = command(&folder)
            .args(["demo", "--days", "0", "--keys", &keys.to_string()])
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        println!("{keys} keys were made in {:.1} s", begin.elapsed().as_secs_f64());
        let [email, password] =
            ["Email:", "Password:"].map(|label| value_after(&output.stdout, label));
        Self { folder, email, password }
    }

    /// Adds activity over two years, up to `entries` entries.
    pub fn with_activity(self, entries: u32) -> Self {
        let location = Location::Sqlite(self.folder.path().join("latchkey.db"));
        let db = Db::open(&location).expect("the database");
        let now = latchkey::base::clock::Clock::System.now().millis();
        let step = 63_072_000_000 / i64::from(entries);
        // The hashes are random, because the page does not verify the chain.
        let fill = format!(
            "INSERT INTO activity (number, at, event, actor_kind, actor_id, actor_name, address, \
                 request_id, subject_kind, subject_id, subject_name, details, hash) \
             WITH RECURSIVE n(i) AS (SELECT MAX(number) + 1 FROM activity \
                 UNION ALL SELECT i + 1 FROM n WHERE i < {entries}) \
             SELECT i, {now} - ({entries} - i) * {step}, CASE i % 7 WHEN 0 THEN 'api_key.created' \
                 WHEN 1 THEN 'api_key.edited' WHEN 2 THEN 'api_key.revoked' \
                 WHEN 3 THEN 'session.signed_out' ELSE 'session.signed_in' END, \
                 'member', 'mem_' || (i % 50), 'Member ' || (i % 50), '203.0.113.' || (i % 250), \
                 lower(hex(randomblob(16))), 'api_key', 'key_' || printf('%012d', i % 5000), \
                 'Key ' || (i % 5000), '{{\"version\":2,\"changes\":[]}}', randomblob(32) FROM n; \
             UPDATE activity_head SET number = {entries}"
        );
        let written = db.write_blocking(|tx| {
            without_indexes(tx, &["activity"], |tx| Ok(tx.batch_execute(&fill)?))
        });
        written.expect("written");
        self
    }

    pub fn db(&self) -> Db {
        Db::open(&Location::Sqlite(self.folder.path().join("latchkey.db"))).expect("the database")
    }

    /// Leaves very few keys that are expired, are revoked or need attention.
    pub fn with_sparse_views(self) -> Self {
        let location = Location::Sqlite(self.folder.path().join("latchkey.db"));
        let db = Db::open(&location).expect("the database");
        let now = "CAST(strftime('%s') AS INTEGER) * 1000";
        let update = format!(
            "UPDATE api_keys SET revoked_at = NULL, name_folded = name_folded || '~' || id \
                 WHERE id NOT IN (SELECT id FROM api_keys WHERE revoked_at IS NOT NULL LIMIT 3); \
             UPDATE api_keys SET expires_at = {now} + 8640000000 WHERE expires_at <= {now} \
                 AND id NOT IN (SELECT id FROM api_keys \
                     WHERE revoked_at IS NULL AND expires_at <= {now} LIMIT 3); \
             UPDATE api_keys SET attention_at = {now} + 864000000 WHERE attention_at <= {now} \
                 AND expires_at > {now} AND id NOT IN (SELECT id FROM api_keys \
                     WHERE revoked_at IS NULL AND attention_at <= {now} AND expires_at > {now} LIMIT 3)"
        );
        let written = db.write_blocking(|tx| Ok(tx.batch_execute(&update)?));
        written.expect("written");
        self
    }
}

fn command(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.env_clear().arg("--data-dir").arg(folder.path()).stderr(Stdio::null());
    command
}

/// A running program, and how long it took from its start to the first response.
pub struct Program {
    process: Child,
    client: Client,
    pub url: String,
    pub cold_start: Duration,
}

impl Program {
    /// Starts the program and waits for its first page.
    pub fn start(data: &Data) -> Self {
        let begin = Instant::now();
        let mut process = command(&data.folder)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let url = line.split_whitespace().last().expect("an address").to_owned();
        // This request uses a plain socket, because creating a client takes some milliseconds.
        first_page(&url);
        let cold_start = begin.elapsed();
        Self { process, client: client(), url, cold_start }
    }

    /// Starts the program and signs in.
    pub fn start_signed_in(data: &Data) -> Self {
        let program = Self::start(data);
        assert_eq!(program.sign_in(&data.email, &data.password), 303);
        program
    }

    /// Signs in with the client of this program, and returns the status.
    pub fn sign_in(&self, email: &str, password: &str) -> u16 {
        sign_in(&self.client, &self.url, email, password)
    }

    /// Signs in with a new client, and returns the status.
    pub fn sign_in_with_new_client(url: &str, (email, password): (&str, &str)) -> u16 {
        sign_in(&client(), url, email, password)
    }

    /// The page at `path`, which must exist.
    pub fn get(&self, path: &str) -> String {
        let response = self.response(path, None);
        assert_eq!(response.status(), 200, "{path}");
        response.text().expect("a body")
    }

    /// The response at `path`, which may be compressed with `encoding`.
    pub fn response(&self, path: &str, encoding: Option<&str>) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = match encoding {
            Some(encoding) => request.header("accept-encoding", encoding),
            None => request,
        };
        request.send().expect("a response")
    }

    /// Resident memory, in kilobytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }
}

impl Data {
    /// The email address and the password.
    pub fn credentials(&self) -> (&str, &str) {
        (&self.email, &self.password)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn first_page(url: &str) {
    use std::io::{Read as _, Write as _};
    let address = url.strip_prefix("http://").expect("plain http");
    let mut stream = TcpStream::connect(address).expect("the program listens");
    let request = format!("GET /sign-in HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}
