//! Many slow clients of a gateway in front of the dashboard.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use latchkey::web::connections::raise_limit;
use tempfile::TempDir;

use crate::gateway::{Gateway, Running};
use crate::support::{Client, PASSWORD};

const EMAIL: &str = "ines@meridianfreight.example";
/// How many files Latchkey may have open.
const MAX_FILES: usize = 1024;
/// The number of slow clients.
const CROWD: usize = 1100;
/// How long other clients may wait for a response.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// A Latchkey process that may open few files.
struct Limited {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Limited {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = env!("CARGO_BIN_EXE_latchkey");
        let mut add = Command::new(program)
            .args(["member", "add", "--email", EMAIL, "--name", "Ines Okafor", "--super-manager"])
            .arg("--data-dir")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut password = add.stdin.take().expect("its input");
        writeln!(password, "{PASSWORD}").expect("written");
        drop(password);
        assert!(add.wait().expect("it ends").success(), "the member is added");
        let script = format!("ulimit -n {MAX_FILES}; exec \"$0\" \"$@\"");
        let mut process = Command::new("sh")
            .args(["-c", &script, program, "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit_once("http://").expect("an address").1;
        Self { process, address: address.parse().expect("an address"), _folder: folder }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn files(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.process.id()));
        open.expect("the process runs").count()
    }

    /// Creates a key and returns its secret.
    fn secret(&self) -> String {
        let client = Client::new(&self.url());
        let page = client.submit("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]);
        assert_eq!(page.status, 303, "{}", page.body);
        client.create_key(&[("name", "Billing worker")]).secret()
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts requests through the gateway whose bodies never arrive.
fn crowd(gateway: &Running, latchkey: &Limited, path: &str) -> Vec<TcpStream> {
    let slow = || {
        let mut stream = TcpStream::connect(gateway.address).expect("the gateway accepts");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {}\r\nContent-Length: 60000\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\nx",
            latchkey.address,
            latchkey.url()
        );
        let _ = stream.write_all(head.as_bytes());
        stream
    };
    (0..CROWD).map(|_| slow()).collect()
}

/// The status line of the response to a request with `secret`, and how long it took.
fn get(address: SocketAddr, path: &str, secret: &str) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(4 * MAX_WAIT)).expect("a time limit");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {secret}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response);
    (response.lines().next().unwrap_or_default().to_owned(), began.elapsed())
}

/// Asserts that other requests, both direct and through `gateway`, are served during slow sign-ins
/// and introspections.
fn assert_others_are_served(gateway: Gateway) {
    assert!(raise_limit() > 2 * CROWD, "this test opens thousands of connections");
    let latchkey = Limited::start();
    let secret = latchkey.secret();
    let running = gateway.start_for_dashboard(latchkey.address);
    for path in ["/sign-in", "/v1/introspect"] {
        let crowd = crowd(&running, &latchkey, path);
        for address in [latchkey.address, running.address] {
            for (path, expected) in
                [("/v1/authorize", "200"), ("/readyz", "200"), ("/sign-in", "200"), ("/", "303")]
            {
                let (status, took) = get(address, path, &secret);
                assert!(status.contains(expected), "{gateway:?} {address}{path}: {status:?}");
                assert!(took < MAX_WAIT, "{gateway:?} {address}{path} took {took:?}");
            }
        }
        assert!(latchkey.files() < MAX_FILES - 64, "{} files are open", latchkey.files());
        drop(crowd);
    }
}

#[test]
fn slow_clients_of_caddy_do_not_block_others() {
    assert_others_are_served(Gateway::Caddy);
}

#[test]
fn slow_clients_of_haproxy_do_not_block_others() {
    assert_others_are_served(Gateway::HaProxy);
}

#[test]
fn slow_clients_of_nginx_do_not_reach_latchkey() {
    assert!(raise_limit() > 2 * CROWD, "this test opens thousands of connections");
    let latchkey = Limited::start();
    let secret = latchkey.secret();
    let running = Gateway::Nginx.start_for_dashboard(latchkey.address);
    let before = latchkey.files();
    // nginx reads the whole body before it sends a request on.
    let crowd = crowd(&running, &latchkey, "/sign-in");
    let (status, took) = get(running.address, "/v1/authorize", &secret);
    assert!(status.contains("200") && took < MAX_WAIT, "{status} after {took:?}");
    let after = latchkey.files();
    assert!(after <= before + 16, "{after} files are open, {before} before");
    drop(crowd);
}
