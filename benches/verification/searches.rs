//! What searches in the dashboard cost verification: single requests with keys that are not in memory
//! yet, while one member runs four searches at once without a hit, against the same without them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reqwest::blocking::Client as Browser;

use crate::Scale;
use crate::client::Client;
use crate::data::Data;
use crate::latency::at;
use crate::load::Load;
use crate::server::Server;
use crate::sign_in::{client, sign_in};
use crate::table::{self, Budget};

/// How many searches run at once.
const SEARCHES: usize = 4;
/// Matches no key, and is looked for in all of them.
const SEARCH: &str = "/api-keys?q=no-such-key-anywhere&view=all";

/// Each key is asked about once; every request must pass.
pub fn measure(scale: &Scale) {
    let data = Data::filled(scale.keys);
    let server = Server::latchkey(&data);
    let member = client();
    assert_eq!(sign_in(&member, &server.pages, &data.email, &data.password), 303);
    let half = scale.misses / 2;
    let mut client = Client::of(&server);
    let mut first_uses = |secrets: &[String]| {
        let mut load = Load::each(secrets);
        let mut times: Vec<Duration> = secrets.iter().map(|_| client.ask(&mut load)).collect();
        times.sort_unstable();
        times
    };
    let alone = first_uses(&data.secrets[..half]);
    let is_over = AtomicBool::new(false);
    let beside = thread::scope(|scope| {
        for _ in 0..SEARCHES {
            scope.spawn(|| search(&member, &server.pages, &is_over));
        }
        let beside = first_uses(&data.secrets[half..2 * half]);
        is_over.store(true, Ordering::Relaxed);
        beside
    });
    let name = format!("First uses beside {SEARCHES} searches, {} keys", scale.keys);
    table::head(&name, ["beside", "alone"]);
    for (name, part) in [("p50, µs", 0.5), ("p99, µs", 0.99)] {
        table::line(name, [&beside, &alone].map(|times| at(times, part)), Budget::Nothing);
    }
}

fn search(member: &Browser, url: &str, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let answer = member.get(format!("{url}{SEARCH}")).send().expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.bytes().expect("a body");
    }
}
