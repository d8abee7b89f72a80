//! Crowds of strangers' connections: those that send slowly, that never read, and that do nothing.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use latchkey::web::connections::raise_limit;
use nix::sys::socket::{setsockopt, sockopt};

use crate::support::{Client, PASSWORD};
use crate::verification::Key;
use crate::verification::process::Process;
use crate::verification::wire::Request;

/// How long a client waits for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    stream
}

/// Starts a request whose body does not come.
fn slow_body(url: &str, path: &str) -> TcpStream {
    let mut stream = connect(url);
    let head = Request::new(url, "POST", path)
        .header("Origin", url)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Content-Length", "60000");
    // A server that makes room may hang up at any time.
    let _ = stream.write_all(&[&head.bytes()[..], b"x"].concat());
    stream
}

/// Everything that must be answered soon, whatever a crowd does.
fn must_answer(process: &Process, key: &Key) {
    let ask = |what: &str, expected: u16, request: Request| {
        let began = Instant::now();
        let answer = request.send();
        assert_eq!(answer.status, expected, "{what}: {}", answer.raw);
        assert!(began.elapsed() < PATIENCE, "{what} took {:?}", began.elapsed());
    };
    for url in [&process.programs, &process.pages] {
        let authorize = || Request::new(url, "GET", "/v1/authorize");
        ask("verification", 200, authorize().bearer(&key.secret));
        ask("refusal", 401, authorize());
        ask("readiness", 200, Request::new(url, "GET", "/readyz"));
    }
    let began = Instant::now();
    assert_eq!(process.manager.get("/api-keys").status, 200);
    let newcomer = Client::new(&process.pages);
    let fields = [("email", "ines@meridianfreight.example"), ("password", PASSWORD)];
    assert_eq!(newcomer.submit("/sign-in", &fields).status, 303);
    assert!(began.elapsed() < 2 * PATIENCE, "pages took {:?}", began.elapsed());
}

#[test]
fn eleven_hundred_slow_bodies_take_nothing_from_anybody_else() {
    assert!(raise_limit() > 4096, "this test opens thousands of connections");
    let mut process = Process::start_with_files(1024, &[]);
    let key = Key::new(&process.manager, &[]);
    must_answer(&process, &key);
    let mut crowd = Vec::new();
    for number in 0..1100 {
        let url = if number % 2 == 0 { &process.pages } else { &process.programs };
        crowd.push(slow_body(url, if number % 4 < 2 { "/sign-in" } else { "/v1/introspect" }));
        if number % 100 == 99 {
            must_answer(&process, &key);
        }
    }
    assert!(process.files() < 1024 - 64, "{} files are open", process.files());
    must_answer(&process, &key);
    drop(crowd);
    let log = process.stop();
    assert!(!log.contains("Too many open files"), "the descriptors ran out");
}

#[test]
fn connections_that_send_nothing_take_nothing_from_anybody_else() {
    assert!(raise_limit() > 4096, "this test opens thousands of connections");
    let process = Process::start_with_files(1024, &[]);
    let key = Key::new(&process.manager, &[]);
    let crowd: Vec<_> = [&process.pages, &process.programs]
        .iter()
        .flat_map(|url| (0..1100).map(|_| connect(url)))
        .collect();
    must_answer(&process, &key);
    drop(crowd);
}

#[test]
fn answers_that_nobody_reads_are_not_collected_in_memory() {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    let keep_alive = |target: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", key.secret)
    };
    let before = process.kilobytes("VmRSS:");
    let mut crowd = Vec::new();
    for number in 0..60 {
        // Pages take long to draw without optimisation.
        let target = ["/sign-in", "/", "/v1/authorize"][(number % 10).min(2)];
        let requests = keep_alive(target).repeat(1000).into_bytes();
        let mut stream = connect(&process.pages);
        // So that little is answered before the client's own buffer is full.
        setsockopt(&stream, sockopt::RcvBuf, &4096).expect("a small buffer");
        stream.set_write_timeout(Some(Duration::from_millis(200))).expect("a time limit");
        let mut sent = 0_usize;
        // As much as the server takes, with a bound.
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
    must_answer(&process, &key);
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
