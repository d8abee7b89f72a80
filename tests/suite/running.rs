//! The program as something else runs it: signals, a log that nobody reads, and clients of all ages.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::process::Stdio;

use crate::support::{App, Line, Shell};

/// Makes sure that the program answers.
fn answers(url: &str) {
    assert_eq!(Line::to(url).get("/healthz", "").status, 200);
}

#[test]
fn serving_does_not_depend_on_who_reads_the_log() {
    for manner in ["closed", "full", "unread"] {
        let shell = Shell::new();
        let log = match manner {
            "full" => OpenOptions::new().write(true).open("/dev/full").expect("a full disk").into(),
            _ => Stdio::piped(),
        };
        let (mut server, lines) = shell.serve_into(log, &["--verify-listen", "127.0.0.1:0"], 2);
        let pipe = server.log().filter(|_| manner == "unread");
        let url = lines[0].split_whitespace().last().expect("an address").to_owned();
        let mut line = Line::to(&url);
        // More than a pipe holds.
        for _ in 0..800 {
            assert_eq!(line.get("/healthz", "").status, 200, "{manner}");
        }
        for path in ["/readyz", "/set-up"] {
            assert_ne!(line.get(path, "").status, 503, "{manner}: {path}");
        }
        let programs = lines[1].split_whitespace().last().expect("an address");
        let lost = || {
            let metrics = Line::to(programs).get("/metrics", "").body;
            let metrics = String::from_utf8(metrics).expect("text");
            let figure = metrics.lines().find(|line| line.starts_with("latchkey_log_lines_lost"));
            figure.expect(&metrics).rsplit(' ').next().expect("a figure").to_owned()
        };
        assert!(manner == "unread" || lost() != "0", "{manner}: lost lines are counted");
        server.stop();
        drop(pipe);
    }
}

#[test]
fn a_signal_ends_the_program_well_or_means_nothing_to_it() {
    let start = || {
        let shell = Shell::new();
        let (server, url) = shell.serve();
        (shell, server, url)
    };
    for end in ["HUP", "INT", "TERM", "QUIT"] {
        let (_shell, server, _) = start();
        server.signal(end);
        server.ends_well();
    }
    let (_shell, server, url) = start();
    for other in ["USR1", "USR2", "ALRM"] {
        server.signal(other);
        answers(&url);
    }
    server.stop();
}

#[test]
fn a_client_is_told_that_its_connection_closes_when_the_program_ends() {
    let shell = Shell::new();
    let (server, url) = shell.serve();
    let mut line = Line::to(&url);
    assert_eq!(line.get("/healthz", "").header("connection"), "");
    server.signal("TERM");
    loop {
        let answer = line.get("/healthz", "");
        assert_eq!(answer.status, 200, "each request is answered");
        if answer.header("connection") == "close" {
            break;
        }
    }
    assert!(line.is_closed());
    server.ends_well();
}

#[test]
fn an_offer_of_another_protocol_is_passed_over_and_the_connection_stays_open() {
    let app = App::set_up();
    let mut line = Line::to(&app.url);
    let java = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\n";
    let socket = "Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for offer in [java, socket, java, ""] {
        for path in ["/healthz", "/v1/authorize", "/sign-in"] {
            let answer = line.get(path, offer);
            assert!([200, 401].contains(&answer.status), "{path}: {}", answer.status);
            assert_eq!(answer.header("connection"), "", "{offer}");
        }
    }
    let body = "token=none";
    let post = format!(
        "POST /v1/introspect HTTP/1.1\r\nHost: x\r\n{java}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(line.ask(&post).status, 401);
}

#[test]
fn a_client_without_chunks_gets_none() {
    let app = App::set_up();
    let manager = app.super_manager();
    let ask = |path: &str, lines: &str| {
        Line::to(&app.url).ask(&format!("GET {path} HTTP/1.0\r\n{lines}\r\n"))
    };
    let page = ask("/sign-in", "Accept-Encoding: gzip\r\n");
    assert_eq!((page.status, page.header("content-encoding")), (200, "gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&page.body[..]).read_to_string(&mut text).expect("a page");
    assert!(text.contains("</html>"), "{text}");
    let signed_in = format!("Cookie: {}\r\n", manager.session());
    let export = ask("/activity/export.csv?period=all", &signed_in);
    assert_eq!(export.status, 200);
    let lines = String::from_utf8(export.body).expect("text");
    assert!(lines.contains("number,"), "{lines}");
}
