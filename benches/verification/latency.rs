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

/// At a fixed rate. Over all rounds at once: what happens now and then is to show.
pub fn under_half_load(servers: [&Server; 2], data: &Data, rate: f64, scale: &Scale) {
    let mut times = [Vec::new(), Vec::new()];
    let mut load = Load::at_random(&data.secrets);
    for _ in 0..scale.rounds {
        for (server, times) in servers.iter().zip(&mut times) {
            times.extend(Client::of(server).ask_at(rate, scale.turn, &mut load));
        }
    }
    let [latchkey, bare] = times.each_mut().map(|times| {
        times.sort_unstable();
        &*times
    });
    let name = format!("Half of the load that it can bear: {rate:.0} requests a second");
    table::head(&name, ["Latchkey", "bare"]);
    for (name, part, budget) in [
        ("p50, µs", 0.5, Budget::Nothing),
        ("p99, µs", 0.99, Budget::Below(1000.0)),
        ("p99.9, µs", 0.999, Budget::Nothing),
    ] {
        table::line(name, [at(latchkey, part), at(bare, part)], budget);
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
