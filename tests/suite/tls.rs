//! Listeners that other machines can reach use https with the configured certificate.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::Shell;

/// Writes a new self-signed certificate and its key, and returns the certificate.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let certified =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(folder.join("key.pem"), certified.signing_key.serialize_pem()).expect("written");
    fs::write(folder.join("cert.pem"), certified.cert.pem()).expect("written");
    certified.cert.der().clone()
}

/// The response to a GET request over TLS to a server that must present `certificate`.
fn get(port: &str, path: &str, certificate: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let socket = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = StreamOwned::new(client, socket);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        // The server may close the socket without an alert after its response.
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

fn port(line: &str) -> &str {
    let address = line.split("://").last().unwrap_or_default();
    let address = address.split('/').next().unwrap_or_default();
    address.rsplit_once(':').expect("a port").1
}

#[test]
fn with_a_certificate_both_listeners_serve_https_to_other_machines() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = certify(folder.path());
    let files = ["cert.pem", "key.pem"].map(|name| folder.path().join(name).display().to_string());
    let shell = Shell::new();
    let (_server, lines) = shell.serve_lines(
        &[
            "--listen",
            "0.0.0.0:0",
            "--public-url",
            "https://localhost",
            "--verify-listen",
            "0.0.0.0:0",
            "--tls-cert",
            &files[0],
            "--tls-key",
            &files[1],
        ],
        3,
    );
    assert!(lines[0].contains(" on https://") && lines[1].contains("https://"), "{lines:?}");
    assert!(lines[2].contains("https://"), "the set-up link is https too: {lines:?}");
    let page = get(port(&lines[0]), "/sign-in", &certificate).expect("an answer");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.contains("strict-transport-security:"), "{page}");
    assert!(page.contains("set-cookie: __Host-latchkey="), "{page}");
    let decision = get(port(&lines[1]), "/v1/authorize", &certificate).expect("an answer");
    assert!(decision.starts_with("HTTP/1.1 401 "), "{decision}");
    // Not everyone who can reach the endpoints for gateways may read the metrics.
    let metrics = get(port(&lines[1]), "/metrics", &certificate).expect("an answer");
    assert!(metrics.starts_with("HTTP/1.1 404 "), "{metrics}");
    let mut plain = TcpStream::connect(format!("127.0.0.1:{}", port(&lines[0]))).expect("connects");
    plain.write_all(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "plain http gets no response");

    let renewed = certify(folder.path());
    let began = Instant::now();
    while get(port(&lines[0]), "/healthz", &renewed).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the renewed certificate is not used");
    }
}

#[test]
fn an_unusable_certificate_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(folder.path().join("other.pem"), "no certificate").expect("written");
    let other =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(folder.path().join("other-key.pem"), other.signing_key.serialize_pem())
        .expect("written");
    for (certificate, key, named) in [
        ("other.pem", "key.pem", "other.pem"),
        ("cert.pem", "other.pem", "other.pem"),
        ("cert.pem", "missing.pem", "missing.pem"),
        ("cert.pem", "other-key.pem", "other-key.pem"),
    ] {
        let options = ["--tls-cert", &path(certificate), "--tls-key", &path(key)];
        let output =
            Shell::new().run(&[&["serve", "--listen", "127.0.0.1:0"], &options[..]].concat());
        let line = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success() && line.trim().lines().count() == 1, "{line}");
        assert!(line.contains(named) && line.contains("cannot be used for TLS"), "{line}");
    }
}

#[test]
fn metrics_for_other_machines_need_a_listener_of_their_own() {
    let shell = Shell::new();
    let options =
        ["--verify-listen", "0.0.0.0:0", "--insecure-verify-http", "--metrics-listen", "0.0.0.0:0"];
    let (_server, lines) = shell.serve_lines(&options, 3);
    let get = |line: &str, path: &str| {
        reqwest::blocking::get(format!("http://127.0.0.1:{}{path}", port(line))).expect("an answer")
    };
    assert_eq!(get(&lines[1], "/metrics").status(), 404);
    let metrics = get(&lines[2], "/metrics");
    assert_eq!(metrics.status(), 200);
    assert!(metrics.text().expect("text").contains("latchkey_build_info"));
    for path in ["/", "/v1/authorize", "/readyz"] {
        assert_eq!(get(&lines[2], path).status(), 404, "{path}");
    }
}
