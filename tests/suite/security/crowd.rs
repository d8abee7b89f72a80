//! Many connections of unauthenticated clients that send slowly, never read, or do nothing.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use latchkey::web::connections::raise_limit;
use nix::sys::socket::{setsockopt, sockopt};

use crate::support::{Client, PASSWORD};
use crate::verification::Key;
use crate::verification::process::Process;
use crate::verification::wire::Request;

/// How long a client waits for a response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    stream
}

/// Starts a request and sends only the first byte of its body.
fn start_slow_body(url: &str, path: &str) -> TcpStream {
    let mut stream = connect(url);
    let head = Request::new(url, "POST", path)
        .header("Origin", url)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Content-Length", "60000");
    // The server may close the connection at any time to make room for others.
    let _ = stream.write_all(&[&head.bytes()[..], b"x"].concat());
    stream
}

/// Checks that the server still answers other clients in time.
fn assert_responsive(process: &Process, key: &Key) {
    let check = |what: &str, expected: u16, request: Request| {
        let began = Instant::now();
        let answer = request.send();
        assert_eq!(answer.status, expected, "{what}: {}", answer.raw);
        assert!(began.elapsed() < RESPONSE_TIMEOUT, "{what} took {:?}", began.elapsed());
    };
    for url in [&process.programs, &process.pages] {
        let authorize = || Request::new(url, "GET", "/v1/authorize");
        check("verification", 200, authorize().bearer(&key.secret));
        check("denial", 401, authorize());
        check("readiness", 200, Request::new(url, "GET", "/readyz"));
    }
    let began = Instant::now();
    assert_eq!(process.manager.get("/api-keys").status, 200);
    let newcomer = Client::new(&process.pages);
    let fields = [("email", "ines@meridianfreight.example"), ("password", PASSWORD)];
    assert_eq!(newcomer.submit("/sign-in", &fields).status, 303);
    assert!(began.elapsed() < 2 * RESPONSE_TIMEOUT, "pages took {:?}", began.elapsed());
}

#[test]
fn eleven_hundred_slow_bodies_do_not_affect_other_clients() {
    assert!(raise_limit() > 4096, "this test opens thousands of connections");
    let mut process = Process::start_with_files(1024, &[]);
    let key = Key::new(&process.manager, &[]);
    assert_responsive(&process, &key);
    let mut crowd = Vec::new();
    for number in 0..1100 {
        let url = if number % 2 == 0 { &process.pages } else { &process.programs };
        let path = if number % 4 < 2 { "/sign-in" } else { "/v1/introspect" };
        crowd.push(start_slow_body(url, path));
        if number % 100 == 99 {
            assert_responsive(&process, &key);
        }
    }
    assert!(process.files() < 1024 - 64, "{} files are open", process.files());
    assert_responsive(&process, &key);
    drop(crowd);
    let log = process.stop();
    assert!(!log.contains("Too many open files"), "the server runs out of file descriptors");
}

#[test]
fn connections_that_send_nothing_do_not_affect_other_clients() {
    assert!(raise_limit() > 4096, "this test opens thousands of connections");
    let process = Process::start_with_files(1024, &[]);
    let key = Key::new(&process.manager, &[]);
    let crowd: Vec<_> = [&process.pages, &process.programs]
        .iter()
        .flat_map(|url| (0..1100).map(|_| connect(url)))
        .collect();
    assert_responsive(&process, &key);
    drop(crowd);
}

#[test]
fn responses_that_nobody_reads_are_not_buffered_without_a_limit() {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    let request_to = |target: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", key.secret)
    };
    let before = process.kilobytes("VmRSS:");
    let mut crowd = Vec::new();
    for number in 0..60 {
        // Most requests are for /v1/authorize, because pages take long to render in a debug build.
        let target = ["/sign-in", "/", "/v1/authorize"][(number % 10).min(2)];
        let requests = request_to(target).repeat(1000).into_bytes();
        let mut stream = connect(&process.pages);
        // With a small buffer, the server can send only a few responses.
        setsockopt(&stream, sockopt::RcvBuf, &4096).expect("a small buffer");
        stream.set_write_timeout(Some(Duration::from_millis(200))).expect("a time limit");
        let mut sent = 0_usize;
        // Sends as much as the server accepts, up to a limit.
        while sent < 64 << 20 {
            match stream.write(&requests[sent % requests.len()..]) {
                Ok(written) => sent += written,
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
                    break;
                }
            }
        }
        crowd.push(stream);
    }
    let grown = process.kilobytes("VmRSS:").saturating_sub(before);
    assert!(grown < 60 * 1024, "{grown} kB for 60 connections");
    assert_responsive(&process, &key);
}

#[test]
fn pipelined_requests_are_all_answered_once_their_client_reads() {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    let mut stream = connect(&process.pages);
    let count = 3000;
    let request = format!(
        "GET /v1/authorize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        key.secret
    );
    let last = Request::new(&process.pages, "GET", "/v1/authorize").bearer(&key.secret).bytes();
    let mut writer = stream.try_clone().expect("a second handle");
    let sender = std::thread::spawn(move || {
        writer.write_all(&request.repeat(count - 1).into_bytes()).expect("sent");
        writer.write_all(&last).expect("sent");
    });
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("every answer");
    sender.join().expect("sent");
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), count);
}
