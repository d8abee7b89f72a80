//! Latchkey behind a gateway, or asked by services. Gateways and services connect from 127.0.0.1,
//! clients from 127.0.0.2.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use latchkey::config::{PublicUrl, TrustedProxies};
use latchkey::domain::api_keys::{self, Draft, KeyId};
use latchkey::domain::members::Permission;
use latchkey::domain::usage::Recorder;
use latchkey::server::{self, Shared};
use latchkey::web::Site;

use crate::server::{Running, listener};
use crate::support::{App, Client, PASSWORD};

pub struct Latchkey {
    pub address: SocketAddr,
    app: App,
    usage: Arc<Recorder>,
    running: Option<Running>,
}

/// A key and its current secret.
pub struct Key {
    pub id: KeyId,
    pub secret: String,
}

impl Latchkey {
    /// A Latchkey that trusts gateways to report the client's address.
    pub fn new() -> Self {
        Self::trusting(TrustedProxies::parse("127.0.0.1").expect("an address"))
    }

    /// A Latchkey that services ask. It trusts no proxies, because it would deny a request from a
    /// trusted proxy that reports no client address.
    pub fn for_services() -> Self {
        Self::trusting(TrustedProxies::default())
    }

    fn trusting(trusted_proxies: TrustedProxies) -> Self {
        let app = App::set_up();
        let listener = listener();
        let address = listener.local_addr().expect("an address");
        let public_url = PublicUrl::parse(&format!("http://{address}")).expect("a URL");
        let site = Site { trusted_proxies, public_url, ..app.site.clone() };
        let shared = Shared::new(site, app.sign_in_service.clone()).expect("a thread");
        let usage = shared.usage.clone();
        let start =
            move || server::dashboard(&shared, listener, Some(1)).expect("the server starts");
        Self { address, app, usage, running: Some(Running::start(start)) }
    }

    /// Creates a production key with read and write, after `change` has edited its draft.
    pub fn key(&self, change: impl FnOnce(&mut Draft)) -> Key {
        let id = KeyId::random().expect("random");
        let mut draft = Draft {
            name: id.as_str().to_owned(),
            environment: "production".to_owned(),
            role: "read-and-write".to_owned(),
            lifetime: "30".to_owned(),
            access: "role".to_owned(),
            ..Draft::default()
        };
        change(&mut draft);
        let (_, secret) = self.app.write(|tx, context| api_keys::create(tx, id, &draft, context));
        Key { id, secret: secret.expose().to_owned() }
    }

    /// A client of the dashboard that is signed in as a super manager.
    pub fn super_manager(&self) -> Client {
        let email = "ines@meridianfreight.example";
        self.app.member(email, true, &Permission::ALL);
        let client = Client::new(&format!("http://{}", self.address));
        let page = client.submit("/sign-in", &[("email", email), ("password", PASSWORD)]);
        assert_eq!(page.status, 303, "{}", page.body);
        client
    }

    /// Writes the usage that was counted, as a running program does every two seconds.
    pub fn write_usage(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let written = runtime.expect("a runtime").block_on(self.usage.write(&self.app.site.db));
        written.expect("written");
    }

    /// Creates the key of a service that may introspect the keys of its clients.
    pub fn introspecting_key(&self, manager: &Client) -> Key {
        let role = [("name", "Introspection"), ("scopes", "latchkey:introspect")];
        let page = manager.submit_from("/roles/new", "/roles", &role);
        assert_eq!(page.status, 303, "{}", page.body);
        self.key(|draft| draft.role = "introspection".into())
    }

    pub fn advance(&self, millis: i64) {
        self.app.advance(millis);
    }

    /// Stops the server, and waits until nothing responds at its address: its worker may answer once
    /// more over connections that are open, and closes all of them together.
    pub fn stop(&mut self) {
        let mut connection = TcpStream::connect(self.address).expect("a connection");
        connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        connection.write_all(request.as_bytes()).expect("sent");
        let mut response = [0; 12];
        connection.read_exact(&mut response).expect("a response");
        assert_eq!(&response, b"HTTP/1.1 200");
        self.running = None;
        if let Err(error) = connection.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
    }
}
