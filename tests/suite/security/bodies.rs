//! Request bodies that are compressed, incomplete or slow, or that are sent without permission.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use latchkey::server;
use latchkey::web::routes::Access;

use crate::support::App;
use crate::verification::Key;
use crate::verification::wire::{Request, Response};

/// The size to which each small compressed body expands, in bytes.
const EXPANDED_SIZE: usize = 64 * 1024 * 1024;

/// The encodings that clients use, each with a body that expands to [`EXPANDED_SIZE`] bytes.
fn bombs() -> [(&'static str, Vec<u8>); 3] {
    let zeros = vec![0; EXPANDED_SIZE];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&zeros).expect("compressed");
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(&zeros).expect("compressed");
    let mut brotli = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 1, ..Default::default() };
    brotli::BrotliCompress(&mut zeros.as_slice(), &mut brotli, &parameters).expect("compressed");
    [
        ("gzip", gzip.finish().expect("compressed")),
        ("deflate", deflate.finish().expect("compressed")),
        ("br", brotli),
    ]
}

fn send_compressed(request: Request, encoding: &str, body: &[u8]) -> Response {
    let request = request.header("Content-Encoding", encoding);
    request.header("Content-Type", "application/x-www-form-urlencoded").body(body).closing().send()
}

#[test]
fn no_route_decompresses_a_body() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("role", "full-access")]);
    let session = manager.session();
    let rows = app.contents();
    let routes = server::routes();
    let posts = routes.all().iter().filter(|route| route.method == "POST");
    for (encoding, bomb) in bombs() {
        for route in posts.clone() {
            let path = route.path.replace(['{', '}'], "");
            let request = || Request::new(&app.url, "POST", &path).header("Origin", &app.url);
            let anonymous = send_compressed(request(), encoding, &bomb);
            let expected = if route.access == Access::Public { 415 } else { 303 };
            assert_eq!(anonymous.status, expected, "{encoding} {path}: {}", anonymous.raw);
            let member = send_compressed(request().header("Cookie", &session), encoding, &bomb);
            // A path without a page may be answered before the form is read.
            assert!(matches!(member.status, 415 | 404), "{encoding} {path}: {}", member.raw);
        }
        let introspect = || Request::new(&app.url, "POST", "/v1/introspect");
        assert_eq!(send_compressed(introspect(), encoding, &bomb).status, 401);
        let caller = send_compressed(introspect().bearer(&key.secret), encoding, &bomb);
        assert!(matches!(caller.status, 403 | 415), "{}", caller.raw);
    }
    assert_eq!(app.contents(), rows);
}

#[test]
fn the_answer_to_a_compressed_form_says_what_is_accepted() {
    let app = App::set_up();
    let request = Request::new(&app.url, "POST", "/sign-in").header("Origin", &app.url);
    let answer = send_compressed(request, "gzip", b"x");
    assert_eq!((answer.status, answer.header("accept-encoding")), (415, "identity"));
    assert!(answer.body.contains("Compressed forms are not accepted"), "{}", answer.body);
    assert!(answer.body.contains("Nothing was changed."));
}

#[test]
fn headers_about_the_body_do_not_affect_the_decision_for_a_gateway() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for (name, value) in [
        ("Content-Encoding", "br"),
        ("Content-Length", "400"),
        ("Expect", "100-continue"),
        ("Transfer-Encoding", "chunked"),
    ] {
        for method in ["GET", "POST"] {
            // No body follows, although the headers announce one.
            let request = || {
                let base = Request::new(&app.url, method, "/v1/authorize");
                base.from("203.0.113.7").header(name, value)
            };
            let began = Instant::now();
            assert_eq!(request().bearer(&key.secret).send().status, 200, "{method} {name}");
            assert_eq!(request().send().status, 401, "{method} {name}");
            assert!(began.elapsed() < Duration::from_secs(8), "{method} {name} waits for a body");
        }
    }
}

#[test]
fn requests_without_a_session_or_a_key_are_denied_before_their_body_is_read() {
    let app = App::set_up();
    for (path, status) in [("/api-keys", 303), ("/scopes/import", 303), ("/v1/introspect", 401)] {
        let request = Request::new(&app.url, "POST", path).header("Origin", &app.url);
        // The body is never sent.
        let answer = request.header("Content-Length", "60000").send();
        assert_eq!(answer.status, status, "{path}: {}", answer.raw);
    }
}

#[test]
fn a_body_that_takes_longer_than_ten_seconds_is_answered_with_408() {
    let app = App::set_up();
    let mut stream = TcpStream::connect(app.url.trim_start_matches("http://")).expect("connects");
    let began = Instant::now();
    let head = Request::new(&app.url, "POST", "/sign-in")
        .header("Origin", &app.url)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Content-Length", "60000");
    stream.write_all(&head.bytes()).expect("sent");
    stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time limit");
    let mut answer = Vec::new();
    // Sends single bytes until the server answers.
    while answer.is_empty() && stream.write_all(b"x").is_ok() {
        let mut bytes = [0; 4096];
        answer
            .extend(stream.read(&mut bytes).map(|read| bytes[..read].to_vec()).unwrap_or_default());
        assert!(began.elapsed() < Duration::from_secs(20), "the server does not time out");
    }
    let answer = String::from_utf8(answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    assert!(began.elapsed() >= Duration::from_secs(10), "ten seconds are allowed");
}
