//! Bodies of requests: packed, endless, slow, and those of people who may not send any.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use latchkey::server;
use latchkey::web::routes::Access;

use crate::support::App;
use crate::verification::Key;
use crate::verification::wire::{Answer, Request};

/// What a small packed body unpacks to, in bytes.
const UNPACKED: usize = 64 * 1024 * 1024;

/// The encodings that clients use, each with a body that unpacks to [`UNPACKED`] bytes.
fn bombs() -> [(&'static str, Vec<u8>); 3] {
    let zeros = vec![0; UNPACKED];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&zeros).expect("packed");
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(&zeros).expect("packed");
    let mut brotli = Vec::new();
    let quickly = brotli::enc::BrotliEncoderParams { quality: 1, ..Default::default() };
    brotli::BrotliCompress(&mut zeros.as_slice(), &mut brotli, &quickly).expect("packed");
    [
        ("gzip", gzip.finish().expect("packed")),
        ("deflate", deflate.finish().expect("packed")),
        ("br", brotli),
    ]
}

fn packed(request: Request, encoding: &str, body: &[u8]) -> Answer {
    let request = request.header("Content-Encoding", encoding);
    request.header("Content-Type", "application/x-www-form-urlencoded").body(body).closing().send()
}

#[test]
fn no_route_unpacks_a_body() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("role", "full-access")]);
    let session = manager.session();
    let rows = app.contents();
    let routes = server::routes();
    let posts = routes.listed().iter().filter(|route| route.method == "POST");
    for (encoding, bomb) in bombs() {
        for route in posts.clone() {
            let path = route.path.replace(['{', '}'], "");
            let ours = || Request::new(&app.url, "POST", &path).header("Origin", &app.url);
            let stranger = packed(ours(), encoding, &bomb);
            let expected = if route.access == Access::Public { 415 } else { 303 };
            assert_eq!(stranger.status, expected, "{encoding} {path}: {}", stranger.raw);
            let member = packed(ours().header("Cookie", &session), encoding, &bomb);
            // An address that leads nowhere may be answered before the form is read.
            assert!(matches!(member.status, 415 | 404), "{encoding} {path}: {}", member.raw);
        }
        let introspect = || Request::new(&app.url, "POST", "/v1/introspect");
        assert_eq!(packed(introspect(), encoding, &bomb).status, 401);
        let caller = packed(introspect().bearer(&key.secret), encoding, &bomb);
        assert!(matches!(caller.status, 403 | 415), "{}", caller.raw);
    }
    assert_eq!(app.contents(), rows);
}

#[test]
fn a_packed_form_is_told_what_is_accepted() {
    let app = App::set_up();
    let request = Request::new(&app.url, "POST", "/sign-in").header("Origin", &app.url);
    let answer = packed(request, "gzip", b"x");
    assert_eq!((answer.status, answer.header("accept-encoding")), (415, "identity"));
    assert!(answer.body.contains("Compressed forms are not accepted"), "{}", answer.body);
    assert!(answer.body.contains("Nothing was changed."));
}

#[test]
fn what_a_gateway_s_client_says_of_its_body_does_not_matter_to_a_decision() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for (name, value) in [
        ("Content-Encoding", "br"),
        ("Content-Length", "400"),
        ("Expect", "100-continue"),
        ("Transfer-Encoding", "chunked"),
    ] {
        for method in ["GET", "POST"] {
            // No body follows, whatever the head says.
            let ask = || {
                let request = Request::new(&app.url, method, "/v1/authorize");
                request.from("203.0.113.7").header(name, value)
            };
            let began = Instant::now();
            assert_eq!(ask().bearer(&key.secret).send().status, 200, "{method} {name}");
            assert_eq!(ask().send().status, 401, "{method} {name}");
            assert!(began.elapsed() < Duration::from_secs(8), "{method} {name} waited for a body");
        }
    }
}

#[test]
fn strangers_are_turned_away_before_their_body_is_read() {
    let app = App::set_up();
    for (path, status) in [("/api-keys", 303), ("/scopes/import", 303), ("/v1/introspect", 401)] {
        let request = Request::new(&app.url, "POST", path).header("Origin", &app.url);
        // Nothing of the body ever comes.
        let answer = request.header("Content-Length", "60000").send();
        assert_eq!(answer.status, status, "{path}: {}", answer.raw);
    }
}

#[test]
fn a_body_that_takes_longer_than_ten_seconds_is_given_up() {
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
    // A byte now and then, until the server has had enough.
    while answer.is_empty() && stream.write_all(b"x").is_ok() {
        let mut bytes = [0; 4096];
        answer
            .extend(stream.read(&mut bytes).map(|read| bytes[..read].to_vec()).unwrap_or_default());
        assert!(began.elapsed() < Duration::from_secs(20), "the server waits");
    }
    let answer = String::from_utf8(answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    assert!(began.elapsed() >= Duration::from_secs(10), "ten seconds are allowed");
}
