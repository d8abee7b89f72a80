//! Which client address is used: the peer's, or the one that trusted proxies report.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, ToSocketAddrs};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use latchkey::config::TrustedProxies;
use latchkey::server::{self, Shared};
use latchkey::web::Site;

use super::wire::Request;
use super::{Key, assert_denied, assert_pass, code, outcome, pass};
use crate::support::App;

/// Another server on an app's database, with its own settings.
pub struct Node {
    pub url: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    fn new(app: &App, trusted: &str) -> Self {
        Self::on(app, trusted, (Ipv4Addr::LOCALHOST, 0))
    }

    fn on(app: &App, trusted: &str, address: impl ToSocketAddrs) -> Self {
        let trusted_proxies = TrustedProxies::parse(trusted).expect("networks");
        Self::at(Site { trusted_proxies, ..app.site.clone() }, app, address)
    }

    pub fn of(site: Site, app: &App) -> Self {
        Self::at(site, app, (Ipv4Addr::LOCALHOST, 0))
    }

    fn at(site: Site, app: &App, address: impl ToSocketAddrs) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Shared::new(site, app.sign_in_service.clone()).expect("a thread");
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server =
                    server::dashboard(&shared, listener, Some(1)).expect("the server starts");
                sender.send(server.handle()).expect("the test waits");
                server.await.expect("the server stops without an error");
            });
        });
        let handle = receiver.recv().expect("the server starts");
        Self { url: format!("http://127.0.0.1:{port}"), handle, thread: Some(thread) }
    }

    /// The outcome of a request with these `X-Forwarded-For` lines.
    fn authorize(&self, key: &Key, lines: &[&str]) -> (u16, String) {
        let request = Request::new(&self.url, "GET", "/v1/authorize").bearer(&key.secret);
        let request =
            lines.iter().fold(request, |request, line| request.header("X-Forwarded-For", line));
        let response = request.send();
        match response.status {
            200 => assert_pass(&response),
            _ => assert_denied(&response),
        }
        outcome(&response)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let stopped = self.handle.stop(false);
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(stopped);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A key that only `address` may use, and a key that every address may use.
fn keys(app: &App, address: &str) -> (Key, Key) {
    let manager = app.super_manager();
    (Key::new(&manager, &[("ip_whitelist", address)]), Key::new(&manager, &[]))
}

fn not_allowed() -> (u16, String) {
    code(403, "address_not_allowed")
}

#[test]
fn the_forwarded_address_of_an_untrusted_peer_is_ignored() {
    let app = App::set_up();
    let (peer, any) = keys(&app, "127.0.0.1");
    let (named, _) = keys(&app, "198.51.100.77");
    for trusted in ["", "10.0.0.0/8, 192.0.2.1, 2001:db8::/32"] {
        let node = Node::new(&app, trusted);
        for lines in
            [&[][..], &["198.51.100.77"], &["198.51.100.77", "10.0.0.1"], &["garbage"], &[""]]
        {
            assert_eq!(node.authorize(&peer, lines), pass(), "{lines:?}");
            assert_eq!(node.authorize(&any, lines), pass(), "{lines:?}");
            assert_eq!(node.authorize(&named, lines), not_allowed(), "{lines:?}");
        }
    }
}

#[test]
fn the_client_is_the_rightmost_address_that_is_not_a_trusted_proxy() {
    let app = App::set_up();
    let (named, any) = keys(&app, "198.51.100.77");
    let node = Node::new(&app, "127.0.0.0/8, 10.0.0.0/8, 2001:db8::/32, ::ffff:172.16.0.0/108");
    for inside in [
        &["198.51.100.77"][..],
        &["  198.51.100.77\t"],
        &["::ffff:198.51.100.77"],
        &["192.0.2.66, 198.51.100.77"],
        &["192.0.2.66,198.51.100.77,10.0.0.1"],
        &["192.0.2.66", "198.51.100.77"],
        &["192.0.2.66", "198.51.100.77", "10.0.0.1, 127.0.0.9"],
        &["192.0.2.66", "198.51.100.77, 10.0.0.1", "2001:db8::1"],
        &["198.51.100.77, ::ffff:10.0.0.1"],
        &["198.51.100.77, 172.31.255.255, ::ffff:172.16.0.1"],
        // Entries further left were written by the caller and are not read.
        &["garbage, 198.51.100.77"],
        &[", 198.51.100.77"],
        &["'; DROP TABLE api_keys; --", "198.51.100.77"],
        &["\u{e9}\u{202e}", "198.51.100.77"],
    ] {
        assert_eq!(node.authorize(&named, inside), pass(), "{inside:?}");
        assert_eq!(node.authorize(&any, inside), pass(), "{inside:?}");
    }
    for elsewhere in [
        &["198.51.100.77, 192.0.2.66"][..],
        &["198.51.100.77", "192.0.2.66"],
        &["198.51.100.77, 192.0.2.66, 10.0.0.1"],
        &["198.51.100.77", "192.0.2.66", "10.0.0.1"],
        &["198.51.100.77, 172.32.0.1"],
        &["198.51.100.77, 2001:db9::1"],
        &["::198.51.100.77"],
    ] {
        assert_eq!(node.authorize(&named, elsewhere), not_allowed(), "{elsewhere:?}");
        assert_eq!(node.authorize(&any, elsewhere), pass(), "{elsewhere:?}");
    }
}

#[test]
fn a_request_is_denied_when_a_trusted_proxy_reports_no_valid_address() {
    let app = App::set_up();
    let (named, any) = keys(&app, "198.51.100.77");
    let node = Node::new(&app, "127.0.0.1, 10.0.0.0/8");
    let long = "198.51.100.77".repeat(600);
    for lines in [
        &[][..],
        &[""],
        &[","],
        &["10.0.0.1"],
        &["10.0.0.1, 127.0.0.1"],
        &["unknown"],
        &["_hidden"],
        &["198.51.100.77,"],
        &["198.51.100.77, "],
        &["198.51.100.77, , 10.0.0.1"],
        &["198.51.100.77", ""],
        &["198.51.100.77", "garbage"],
        &["198.51.100.77, garbage, 10.0.0.1"],
        &["198.51.100.77:"],
        &["198.51.100.77:65536"],
        &["[2001:db9::1]"],
        &["[2001:db9::1%1]:443"],
        &["fe80::1%eth0"],
        &["fe80::1%25eth0"],
        &["198.51.100.077"],
        &["198.51.100"],
        &["198.51.100.77/32"],
        &["198.51.100.77 10.0.0.1"],
        &["198.51.100.77;10.0.0.1"],
        &["for=198.51.100.77"],
        &["\"198.51.100.77\""],
        &["0xc6336446"],
        &["3325256781"],
        &["localhost"],
        &["\u{a0}198.51.100.77"],
        &["198.51.100.7\u{667}"],
        &["\u{ff11}98.51.100.77"],
        &["198.51.100.77\u{200b}"],
        &[&long],
    ] {
        assert_eq!(node.authorize(&named, lines), not_allowed(), "{lines:?}");
        assert_eq!(node.authorize(&any, lines), not_allowed(), "{lines:?}: the address is unknown");
    }
}

#[test]
fn other_headers_with_a_client_address_are_ignored() {
    let app = App::set_up();
    let (named, any) = keys(&app, "198.51.100.77");
    for (trusted, line) in [("127.0.0.1", None), ("127.0.0.1", Some("192.0.2.66")), ("", None)] {
        let node = Node::new(&app, trusted);
        for key in [&named, &any] {
            let mut request = Request::new(&node.url, "GET", "/v1/authorize").bearer(&key.secret);
            for name in
                ["X-Real-IP", "Client-IP", "True-Client-IP", "CF-Connecting-IP", "X_Forwarded_For"]
            {
                request = request.header(name, "198.51.100.77");
            }
            request = request.header("Forwarded", "for=198.51.100.77");
            let response = match line {
                Some(line) => request.from(line).send(),
                None => request.send(),
            };
            let is_known = trusted.is_empty() || line.is_some();
            let passes = is_known && key.id == any.id;
            assert_eq!(
                outcome(&response),
                if passes { pass() } else { not_allowed() },
                "{trusted}"
            );
        }
    }
}

#[test]
fn an_ipv4_mapped_peer_is_treated_as_its_ipv4_address() {
    let app = App::set_up();
    let (peer, _) = keys(&app, "127.0.0.1");
    let (named, _) = keys(&app, "198.51.100.77");
    // A dual-stack socket reports IPv4 peers as ::ffff:127.0.0.1.
    let node = Node::on(&app, "", (Ipv6Addr::UNSPECIFIED, 0));
    assert_eq!(node.authorize(&peer, &["198.51.100.77"]), pass());
    assert_eq!(node.authorize(&named, &["198.51.100.77"]), not_allowed());
    for trusted in ["127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1", "::ffff:127.0.0.0/104"] {
        let node = Node::on(&app, trusted, (Ipv6Addr::UNSPECIFIED, 0));
        assert_eq!(node.authorize(&named, &["198.51.100.77"]), pass(), "{trusted}");
        assert_eq!(node.authorize(&peer, &["198.51.100.77"]), not_allowed(), "{trusted}");
        assert_eq!(node.authorize(&peer, &[]), not_allowed(), "{trusted}");
    }
}

#[test]
fn an_ipv6_peer_is_trusted_and_compared_like_an_ipv4_peer() {
    let app = App::set_up();
    let (peer, any) = keys(&app, "::1");
    let authorize = |trusted: &str, key: &Key, line: Option<&str>| {
        let node = Node::on(&app, trusted, (Ipv6Addr::LOCALHOST, 0));
        let url = node.url.replace("127.0.0.1", "[::1]");
        let request = Request::new(&url, "GET", "/v1/authorize").bearer(&key.secret);
        outcome(&match line {
            Some(line) => request.from(line).send(),
            None => request.send(),
        })
    };
    assert_eq!(authorize("", &peer, Some("192.0.2.66")), pass());
    assert_eq!(authorize("::1", &peer, Some("192.0.2.66")), not_allowed());
    assert_eq!(authorize("::/64", &any, Some("192.0.2.66")), pass());
    assert_eq!(authorize("::1", &any, None), not_allowed());
    assert_eq!(
        authorize("0.0.0.0/0", &peer, Some("192.0.2.66")),
        pass(),
        "an IPv4 network contains no IPv6 address"
    );
}
