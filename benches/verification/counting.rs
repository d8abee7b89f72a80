//! What it costs to write what is counted: the program as it is, against the same that never writes.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey::clock::Clock;
use latchkey::config::{PublicUrl, TrustedProxies, WebhookNetworks};
use latchkey::db::{Db, Location};
use latchkey::keyring::Keyring;
use latchkey::server::{self, Shared};
use latchkey::sign_in::Door;
use latchkey::usage::Writer;
use latchkey::web::Site;

use crate::client::Client;
use crate::data::Data;
use crate::load::Load;
use crate::server::{ASK, Server};
use crate::table::{self, Budget};
use crate::turns::{self, Side};
use crate::{Scale, cost};

/// The argument before the data directory that the benchmark then serves.
pub const SERVE: &str = "--serve";
/// The argument that has it write what it counts.
pub const WRITES: &str = "--writes";

/// Keys in use; each is asked about many times between two writings.
const KEYS: u32 = 10_000;
/// Writing so many keys' counts takes some tenths of a second and happens every few seconds: turns
/// are longer than that, and what is left is written before the other one's turn.
const TURN: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_secs(8);

/// One server that writes next to one that does not.
pub fn measure(scale: &Scale, quick: bool) {
    let rounds = if quick { 2 } else { 6 };
    let scale = Scale { rounds, turn: TURN, rest: REST, ..*scale };
    let data = [Data::filled(KEYS), Data::filled(KEYS)];
    let servers = [Server::counting(&data[0], true), Server::counting(&data[1], false)];
    for (server, data) in servers.iter().zip(&data) {
        Client::of(server).ask_each(&mut Load::each(&data.secrets), data.secrets.len());
    }
    let side = |at: usize| Side::new(&servers[at], Load::at_random(&data[at].secrets));
    let mut sides = [side(0), side(1)];
    turns::take(&mut sides, &scale);
    let sides = sides.each_ref();
    table::head(&format!("Counts of {KEYS} keys in use"), ["written", "never"]);
    table::line("requests in a second", sides.map(Side::throughput), Budget::Least(0.95));
    table::line(cost::COST, sides.map(Side::cost), Budget::Nothing);
    let whole = "the same with what is written between turns";
    table::line(whole, sides.map(Side::whole_cost), Budget::Nothing);
    table::line(cost::SHARE, sides.map(Side::share), Budget::Nothing);
}

/// Serves a data directory on a free port, which it prints, until it is killed.
pub fn serve(folder: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let site = Site {
        db: Db::open(&Location::Sqlite(folder.join("latchkey.db"))).expect("it opens"),
        keyring: Keyring::open(&folder.join("secret.key")).expect("it opens"),
        clock: Clock::System,
        public_url: PublicUrl::parse(&url).expect("a URL"),
        webhook_networks: WebhookNetworks::default(),
        trusted_proxies: TrustedProxies::parse("").expect("none"),
    };
    let shared = Shared::new(site, Arc::new(Door::new().expect("threads"))).expect("a thread");
    let writes = std::env::args().any(|argument| argument == WRITES);
    let _writer = writes.then(|| {
        let started = Writer::start(Arc::clone(&shared.usage), shared.site.db.clone());
        started.expect("a thread")
    });
    let served = actix_web::rt::System::new().block_on(async {
        let server = server::dashboard(&shared, listener, Some(1))?;
        println!("{ASK} {url}");
        server.await
    });
    served.expect("served");
}
