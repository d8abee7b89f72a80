//! Response times at the client, over open connections.

use std::time::Duration;

use crate::Scale;
use crate::client::Client;
use crate::data::Data;
use crate::load::Load;
use crate::server::Server;
use crate::table::{self, Budget};
use crate::turns::micros;

/// Compares the first request with a key, which is a cache miss, with the second. Only one request
/// is in progress at a time.
pub fn compare_misses(server: &Server, secrets: &[String], scale: &Scale) {
    let mut client = Client::connect(server);
    let (mut first, mut second) = (Load::each(secrets), Load::each(secrets));
    let (mut misses, mut hits) = (Vec::new(), Vec::new());
    for _ in secrets {
        misses.push(client.request(&mut first));
        hits.push(client.request(&mut second));
    }
    misses.sort_unstable();
    hits.sort_unstable();
    let name = format!("Single requests, {} keys in the database", scale.keys);
    table::header(&name, ["miss", "hit"]);
    let p50 = [&misses, &hits].map(|times| percentile(times, 0.5));
    table::row("p50, µs", p50, Budget::AtMost(10.0));
    let p99 = [&misses, &hits].map(|times| percentile(times, 0.99));
    table::row("p99, µs", p99, Budget::None);
}

/// Measures response times while `rate` requests per second are sent, from the time at which each
/// request was due.
pub fn at_half_load(servers: [&Server; 2], data: &Data, rate: f64, scale: &Scale) {
    let mut times = [Vec::new(), Vec::new()];
    let mut load = Load::at_random(&data.secrets);
    // The bare server has no periodic work, so shorter turns are enough.
    let turns = [scale.long_turn, scale.long_turn / 3];
    for _ in 0..scale.rounds / 2 {
        for ((server, turn), times) in servers.iter().zip(turns).zip(&mut times) {
            times.extend(Client::connect(server).request_at_rate(rate, turn, &mut load));
        }
    }
    for times in &mut times {
        times.sort_unstable();
    }
    let name = format!("Half load, {rate:.0} requests per second");
    table::header(&name, ["Latchkey", "bare"]);
    for (name, fraction) in [("p50, µs", 0.5), ("p99, µs", 0.99)] {
        table::row(name, times.each_ref().map(|times| percentile(times, fraction)), Budget::None);
    }
}

/// The time in microseconds that this fraction of the requests does not exceed.
fn percentile(sorted: &[Duration], fraction: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an index between 0 and the length of the list"
    )]
    let index = (sorted.len() as f64 * fraction) as usize;
    micros(sorted[index.min(sorted.len() - 1)])
}
