//! Latchkey behind a gateway: it trusts what 127.0.0.1 says of clients, which call from 127.0.0.2.

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey::config::TrustedProxies;
use latchkey::domain::api_keys::{self, Draft, KeyId};
use latchkey::domain::members::Permission;
use latchkey::domain::usage::Recorder;
use latchkey::domain::usage::denials::{self, DenialScope, Filter};
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

/// A key, and the secret key of it that works.
pub struct Key {
    pub id: KeyId,
    pub secret: String,
}

impl Latchkey {
    pub fn new() -> Self {
        let app = App::set_up();
        let trusted_proxies = TrustedProxies::parse("127.0.0.1").expect("an address");
        let site = Site { trusted_proxies, ..app.site.clone() };
        let shared = Shared::new(site, app.sign_in_service.clone()).expect("a thread");
        let usage = shared.usage.clone();
        let listener = listener();
        let address = listener.local_addr().expect("an address");
        let start = move || server::dashboard(&shared, listener, Some(1)).expect("serves");
        Self { address, app, usage, running: Some(Running::start(start)) }
    }

    /// A production key that may read and write everything, but for what `change` says.
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
        let (_, secret) = self.app.write(|tx, author| api_keys::create(tx, id, &draft, author));
        Key { id, secret: secret.expose().to_owned() }
    }

    /// Somebody who uses the dashboard.
    pub fn super_manager(&self) -> Client {
        let email = "ines@meridianfreight.example";
        self.app.member(email, true, &Permission::ALL);
        let client = Client::new(&format!("http://{}", self.address));
        let page = client.submit("/sign-in", &[("email", email), ("password", PASSWORD)]);
        assert_eq!(page.status, 303, "{}", page.body);
        client
    }

    /// Writes what was counted, as happens every two seconds while the program serves.
    pub fn write_usage(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let written = runtime.expect("a runtime").block_on(self.usage.write(&self.app.site.db));
        written.expect("written");
    }

    /// The ids of refused requests that bore no genuine secret.
    pub fn denials_of_strangers(&self) -> Vec<String> {
        let strangers = Filter { whose: DenialScope::Strangers, ..Filter::default() };
        let page = self.app.read(|connection| denials::list(connection, &strangers, None));
        page.rows.into_iter().map(|denied| denied.request_id).collect()
    }

    pub fn advance(&self, millis: i64) {
        self.app.advance(millis);
    }

    /// From now on nobody answers at its address.
    pub fn stop(&mut self) {
        self.running = None;
    }
}
