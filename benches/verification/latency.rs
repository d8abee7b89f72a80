//! How long requests take at the client, on a connection that is open.

use std::time::Duration;

use crate::Scale;
use crate::client::Client;
use crate::data::Data;
use crate::load::Load;
use crate::server::Server;
use crate::table::{self, Budget};
use crate::turns::micros;

/// Each key for the first time since the start, then once more; one request after another.
pub fn of_misses(server: &Server, secrets: &[String], scale: &Scale) {
    let mut client = Client::of(server);
    let (mut cold, mut warm) = (Load::each(secrets), Load::each(secrets));
    let (mut misses, mut hits) = (Vec::new(), Vec::new());
    for _ in secrets {
        misses.push(client.ask(&mut cold));
        hits.push(client.ask(&mut warm));
    }
    misses.sort_unstable();
    hits.sort_unstable();
    let name = format!("Single requests, {} keys in the database", scale.keys);
    table::head(&name, ["miss", "hit"]);
    table::line("p50, µs", [at(&misses, 0.5), at(&hits, 0.5)], Budget::Most(10.0));
    table::line("p99, µs", [at(&misses, 0.99), at(&hits, 0.99)], Budget::Nothing);
}

/// At a fixed rate, of so many requests a second; each counts from the time at which it was due.
pub fn under_half_load(servers: [&Server; 2], data: &Data, rate: f64, scale: &Scale) {
    let mut times = [Vec::new(), Vec::new()];
    let mut load = Load::at_random(&data.secrets);
    // Nothing happens now and then in the bare server.
    let turns = [scale.long_turn, scale.long_turn / 3];
    for _ in 0..scale.rounds / 2 {
        for ((server, turn), times) in servers.iter().zip(turns).zip(&mut times) {
            times.extend(Client::of(server).ask_at(rate, turn, &mut load));
        }
    }
    for times in &mut times {
        times.sort_unstable();
    }
    let name = format!("Half of the load that it can bear: {rate:.0} requests a second");
    table::head(&name, ["Latchkey", "bare"]);
    for (name, part) in [("p50, µs", 0.5), ("p99, µs", 0.99)] {
        table::line(name, times.each_ref().map(|times| at(times, part)), Budget::Nothing);
    }
}

/// The time, in microseconds, that this part of the requests kept within.
fn at(sorted: &[Duration], part: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place in a list, between none and all of it"
    )]
    let place = (sorted.len() as f64 * part) as usize;
    micros(sorted[place.min(sorted.len() - 1)])
}
