//! The program as a process: signals, a log that nobody reads, and old HTTP clients.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::process::Stdio;

use crate::support::{App, RawConnection, Shell};

/// Asserts that the program responds.
fn assert_responds(url: &str) {
    assert_eq!(RawConnection::open(url).get("/healthz", "").status, 200);
}

#[test]
fn serving_does_not_depend_on_a_reader_of_the_log() {
    for reader in ["closed", "full", "unread"] {
        let shell = Shell::new();
        let log = match reader {
            "full" => OpenOptions::new().write(true).open("/dev/full").expect("a full disk").into(),
            _ => Stdio::piped(),
        };
        let (mut server, lines) = shell.serve_with_log(log, &["--verify-listen", "127.0.0.1:0"], 2);
        let pipe = server.log().filter(|_| reader == "unread");
        let url = lines[0].split_whitespace().last().expect("an address").to_owned();
        let mut connection = RawConnection::open(&url);
        // More log lines than a pipe can hold.
        for _ in 0..800 {
            assert_eq!(connection.get("/healthz", "").status, 200, "{reader}");
        }
        for path in ["/readyz", "/set-up"] {
            assert_ne!(connection.get(path, "").status, 503, "{reader}: {path}");
        }
        let verify_address = lines[1].split_whitespace().last().expect("an address");
        let lost = || {
            let metrics = RawConnection::open(verify_address).get("/metrics", "").body;
            let metrics = String::from_utf8(metrics).expect("text");
            let line = metrics.lines().find(|line| line.starts_with("latchkey_log_lines_lost"));
            line.expect(&metrics).rsplit(' ').next().expect("a value").to_owned()
        };
        assert!(reader == "unread" || lost() != "0", "{reader}: lost lines are not counted");
        server.stop();
        drop(pipe);
    }
}

#[test]
fn a_signal_stops_the_program_cleanly_or_is_ignored() {
    let start = || {
        let shell = Shell::new();
        let (server, url) = shell.serve();
        (shell, server, url)
    };
    for signal in ["HUP", "INT", "TERM", "QUIT"] {
        let (_shell, server, _) = start();
        server.signal(signal);
        server.wait_for_success();
    }
    let (_shell, server, url) = start();
    for other in ["USR1", "USR2", "ALRM"] {
        server.signal(other);
        assert_responds(&url);
    }
    server.stop();
}

#[test]
fn responses_announce_that_the_connection_closes_when_the_program_stops() {
    let shell = Shell::new();
    let (server, url) = shell.serve();
    let mut connection = RawConnection::open(&url);
    assert_eq!(connection.get("/healthz", "").header("connection"), "");
    server.signal("TERM");
    loop {
        let answer = connection.get("/healthz", "");
        assert_eq!(answer.status, 200, "each request is answered");
        if answer.header("connection") == "close" {
            break;
        }
    }
    assert!(connection.is_closed());
    server.wait_for_success();
}

#[test]
fn an_offer_to_upgrade_the_protocol_is_ignored_and_the_connection_stays_open() {
    let app = App::set_up();
    let mut connection = RawConnection::open(&app.url);
    let http2 = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\n";
    let websocket = "Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for offer in [http2, websocket, http2, ""] {
        for path in ["/healthz", "/v1/authorize", "/sign-in"] {
            let answer = connection.get(path, offer);
            assert!([200, 401].contains(&answer.status), "{path}: {}", answer.status);
            assert_eq!(answer.header("connection"), "", "{offer}");
        }
    }
    let body = "token=none";
    let post = format!(
        "POST /v1/introspect HTTP/1.1\r\nHost: x\r\n{http2}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(connection.send(&post).status, 401);
}

#[test]
fn an_http_1_0_client_gets_no_chunks() {
    let app = App::set_up();
    let manager = app.super_manager();
    let get = |path: &str, headers: &str| {
        RawConnection::open(&app.url).send(&format!("GET {path} HTTP/1.0\r\n{headers}\r\n"))
    };
    let page = get("/sign-in", "Accept-Encoding: gzip\r\n");
    assert_eq!((page.status, page.header("content-encoding")), (200, "gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&page.body[..]).read_to_string(&mut text).expect("a page");
    assert!(text.contains("</html>"), "{text}");
    let signed_in = format!("Cookie: {}\r\n", manager.session());
    let export = get("/activity/export.csv?period=all", &signed_in);
    assert_eq!(export.status, 200);
    let text = String::from_utf8(export.body).expect("text");
    assert!(text.contains("number,"), "{text}");
}
