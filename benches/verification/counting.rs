//! What it costs to write what is counted: the program while it writes, against the same process
//! while it does not. Two processes of one program differ by more than writing costs, since their
//! memory lies elsewhere.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use latchkey::base::clock::Clock;
use latchkey::base::keyring::Keyring;
use latchkey::base::network::{Networks, TrustedRoots};
use latchkey::config::{PublicUrl, TrustedProxies};
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
use crate::server::{ASK, Server};
use crate::table::{self, Budget};
use crate::turns::Side;

/// The argument before the data directory that the benchmark then serves.
pub const SERVE: &str = "--serve";
/// The line that has it write what it counts; any other has it stop that.
pub const WRITES: &str = "writes";

/// Keys in use; each is asked about many times between two writings.
const KEYS: u32 = 10_000;
/// A server that writes does so two seconds after it began to, and next after thirty times as long as
/// that took, a minute at most. Where requests use the core as well it takes seconds: so once in such a
/// turn, as in the long run.
const TURN: Duration = Duration::from_secs(62);
/// How many processes take a turn of each kind.
const PROCESSES: usize = 3;

/// One server that writes in every other turn.
pub fn measure(quick: bool) {
    let data = Data::filled(KEYS);
    let [mut writing, mut resting] = [(); 2].map(|()| Side::new(Load::at_random(&data.secrets)));
    for process in 0..if quick { 1 } else { PROCESSES } {
        let mut server = Server::counting(&data);
        Client::of(&server).ask_each(&mut Load::each(&data.secrets), data.secrets.len());
        for writes in [process % 2 == 0, process % 2 == 1] {
            let side = if writes { &mut writing } else { &mut resting };
            let cpu = server.cpu();
            server.tell(if writes { WRITES } else { "" });
            side.turn(&server, TURN);
            server.tell("");
            side.add_whole(&server, cpu);
        }
    }
    let sides = [&writing, &resting];
    table::head(&format!("Counts of {KEYS} keys in use"), ["written", "not now"]);
    table::line("requests in a second", sides.map(Side::throughput), Budget::Least(0.95));
    table::line(cost::COST, sides.map(Side::cost), Budget::Nothing);
    let whole = "the same with what is left written after each turn";
    table::line(whole, sides.map(Side::whole_cost), Budget::Nothing);
    table::line(cost::SHARE, sides.map(Side::share), Budget::Nothing);
}

/// Serves a data directory on a free port, which it prints, until it is killed; prints a line when
/// it has done what it was told.
pub fn serve(folder: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let site = Site {
        db: Db::open(&Location::Sqlite(folder.join("latchkey.db"))).expect("it opens"),
        keyring: Keyring::open(&folder.join("secret.key")).expect("it opens"),
        clock: Clock::System,
        clock_steps: latchkey::base::clock_steps::ClockSteps::default(),
        public_url: PublicUrl::parse(&url).expect("a URL"),
        exports: Exports::default(),
        webhook_networks: Networks::default(),
        mail_networks: Networks::default(),
        ehlo_name: Host::parse("localhost").expect("a name"),
        trusted_roots: TrustedRoots::default(),
        trusted_proxies: TrustedProxies::parse("").expect("none"),
    };
    let shared =
        Shared::new(site, Arc::new(SignInService::new().expect("threads"))).expect("a thread");
    let (usage, db) = (Arc::clone(&shared.usage), shared.site.db.clone());
    thread::spawn(move || {
        let mut _writer = None;
        for told in io::stdin().lines() {
            let writes = told.expect("a line") == WRITES;
            _writer =
                writes.then(|| Writer::start(Arc::clone(&usage), db.clone()).expect("a thread"));
            println!();
        }
    });
    let served = actix_web::rt::System::new().block_on(async {
        let server = server::dashboard(&shared, listener, Some(1))?;
        println!("{ASK} {url}");
        server.await
    });
    served.expect("served");
}
