//! How long requests take at the client, on a connection that is open.

use std::time::Duration;

use crate::Scale;
use crate::client::Client;
use crate::data::Data;
use crate::host::Host;
use crate::load::Load;
use crate::pace::Taken;
use crate::server::{Process, Server};
use crate::table::{self, Budget};
use crate::turns::{count as of, micros};

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
    let mut taken = [Vec::new(), Vec::new()];
    let idler = Process::idler();
    let mut load = Load::at_random(&data.secrets);
    // Nothing happens now and then in the bare server.
    let turns = [scale.long_turn, scale.long_turn / 3];
    for _ in 0..scale.rounds / 2 {
        for ((server, turn), taken) in servers.iter().zip(turns).zip(&mut taken) {
            let host = Host::new(server, &idler);
            taken.extend(Client::of(server).ask_at(host, rate, turn, &mut load));
        }
    }
    let name = format!("Half of the load that it can bear: {rate:.0} requests a second");
    table::head(&name, ["Latchkey", "bare"]);
    let times = taken.each_ref().map(|taken| {
        let mut times: Vec<_> = taken.iter().map(|taken| taken.time).collect();
        times.sort_unstable();
        times
    });
    let lines = [
        ("p50, µs", 0.5, Budget::Nothing),
        ("p99, µs", 0.99, Budget::Below(1000.0)),
        ("p99.9, µs", 0.999, Budget::Nothing),
    ];
    for (name, part, _) in lines {
        table::line(name, times.each_ref().map(|times| at(times, part)), Budget::Nothing);
    }
    let disturbed = taken.each_ref().map(|taken| {
        let disturbed = taken.iter().filter(|taken| taken.undisturbed.is_some()).count();
        100.0 * of(disturbed) / of(taken.len())
    });
    table::line("requests that the host held up, %", disturbed, Budget::Nothing);
    let mut taken = taken.map(|mut taken| {
        taken.sort_unstable_by_key(Taken::known);
        taken
    });
    for (name, part, budget) in lines {
        let name = format!("without the host: {name}");
        table::line(&name, taken.each_mut().map(|taken| undisturbed(taken, part)), budget);
    }
}

impl Taken {
    /// How long it took, as far as the host did not hold it up.
    fn known(&self) -> Duration {
        self.undisturbed.unwrap_or(self.time)
    }
}

/// The time, in microseconds, that this part of the requests would have kept within had the host
/// held up none: those that it did count until then (Kaplan and Meier, 1958).
fn undisturbed(sorted: &[Taken], part: f64) -> f64 {
    let (mut left, mut pending) = (1.0, of(sorted.len()));
    for taken in sorted {
        if taken.undisturbed.is_none() {
            left *= 1.0 - 1.0 / pending;
        }
        pending -= 1.0;
        if left <= 1.0 - part {
            return micros(taken.time);
        }
    }
    f64::INFINITY
}

/// The time, in microseconds, that this part of the requests kept within.
pub fn at(sorted: &[Duration], part: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place in a list, between none and all of it"
    )]
    let place = (sorted.len() as f64 * part) as usize;
    micros(sorted[place.min(sorted.len() - 1)])
}
