//! The cost of writing usage: compares a process while it writes with the same process while it
//! does not. Two processes of the same program differ by more than the cost of writing, because
//! their memory layouts differ.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use latchkey::base::clock::Clock;
use latchkey::base::keyring::KeyFile;
use latchkey::base::network::{Networks, TrustedRoots};
use latchkey::config::{Config, CredentialHeaders, PublicUrl, TrustedProxies};
use latchkey::db::{Db, Location};
use latchkey::domain::sign_in::SignInService;
use latchkey::jobs::Writer;
use latchkey::server::{self, Shared};
use latchkey::web::Site;
use latchkey::web::export::Exports;
use url::Host;

use crate::client::Client;
use crate::cost;
use crate::data::Data;
use crate::load::Load;
use crate::server::{ADDRESS_LABEL, Server};
use crate::table::{self, Budget};
use crate::turns::Side;

/// The argument before the data directory that this benchmark serves.
pub const SERVE: &str = "--serve";
/// The line that makes the server write usage. Any other line makes it stop writing.
pub const WRITES: &str = "writes";

/// Keys in use. Each is used many times between two writes.
const KEYS: u32 = 10_000;
/// A server first writes after two seconds, and then waits thirty times as long as the write took,
/// at most a minute. A write takes seconds while requests use the same core. So a turn includes one
/// write, as often as in the long run.
const TURN: Duration = Duration::from_secs(62);
/// How many processes take a turn with writes and one without.
const PROCESSES: usize = 3;

/// Compares turns in which a server writes usage with turns in which it does not.
pub fn measure(quick: bool) {
    let data = Data::generate(KEYS);
    let [mut writing, mut idle] = [(); 2].map(|()| Side::new(Load::at_random(&data.secrets)));
    for process in 0..if quick { 1 } else { PROCESSES } {
        let mut server = Server::counting(&data);
        Client::connect(&server).request_many(&mut Load::each(&data.secrets), data.secrets.len());
        for writes in [process % 2 == 0, process % 2 == 1] {
            let side = if writes { &mut writing } else { &mut idle };
            let cpu = server.cpu();
            server.send_line(if writes { WRITES } else { "" });
            side.turn(&server, TURN);
            server.send_line("");
            side.add_whole(&server, cpu);
        }
    }
    let sides = [&writing, &idle];
    table::header(&format!("Usage of {KEYS} keys in use"), ["writing", "idle"]);
    table::row("requests per second", sides.map(Side::throughput), Budget::AtLeast(0.95));
    table::row(cost::COST, sides.map(Side::cost), Budget::None);
    let whole = "the same with the write after each turn";
    table::row(whole, sides.map(Side::whole_cost), Budget::None);
    table::row(cost::SHARE, sides.map(Side::share), Budget::None);
}

/// Serves a data directory on a free port until the process is killed. Prints the address, and a
/// line when each line of input has taken effect.
pub fn serve(folder: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let site = Site {
        db: Db::open(&Location::Sqlite(folder.join("latchkey.db"))).expect("a database"),
        keyring: KeyFile::open(&folder.join("secret.key"))
            .expect("the master key")
            .newest()
            .clone(),
        clock: Clock::System,
        clock_steps: latchkey::base::clock_steps::ClockSteps::default(),
        public_url: PublicUrl::parse(&url).expect("a URL"),
        gateway_url: PublicUrl::parse(&url).expect("a URL"),
        exports: Exports::default(),
        webhook_networks: Networks::default(),
        mail_networks: Networks::default(),
        ehlo_name: Host::parse("localhost").expect("a name"),
        trusted_roots: TrustedRoots::default(),
        trusted_proxies: TrustedProxies::parse("").expect("none"),
        credential_headers: CredentialHeaders::default(),
        introspection_max_age: None,
        config: Arc::new(Config::of_options(&[]).expect("the defaults")),
    };
    let shared =
        Shared::new(site, Arc::new(SignInService::new().expect("threads"))).expect("a thread");
    let (usage, db) = (Arc::clone(&shared.usage), shared.site.db.clone());
    thread::spawn(move || {
        let mut _writer = None;
        for line in io::stdin().lines() {
            let writes = line.expect("a line") == WRITES;
            _writer =
                writes.then(|| Writer::start(Arc::clone(&usage), db.clone()).expect("a thread"));
            println!();
        }
    });
    let served = actix_web::rt::System::new().block_on(async {
        let server = server::dashboard(&shared, listener, Some(1))?;
        println!("{ADDRESS_LABEL} {url}");
        server.await
    });
    served.expect("served");
}
