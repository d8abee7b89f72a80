//! Turns: the servers that are compared receive load one after another, in short rounds, so that a
//! noisy machine affects all of them equally.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::client::Client;
use crate::load::Load;
use crate::server::Server;

/// One side of a comparison: the load of a server and its measurements.
pub struct Side<'a> {
    load: Load<'a>,
    rounds: Vec<Round>,
    /// The CPU time from the first round to the last, including the turns of other sides.
    whole: f64,
}

/// Times are in microseconds.
struct Round {
    cpu: f64,
    time: f64,
    requests: f64,
}

impl<'a> Side<'a> {
    pub fn new(load: Load<'a>) -> Self {
        Self { load, rounds: Vec::new(), whole: 0.0 }
    }

    /// Runs one turn on `server`.
    pub fn turn(&mut self, server: &Server, time: Duration) {
        // Each turn opens new connections, because servers close idle ones.
        let mut client = Client::connect(server);
        let (cpu, begin) = (server.cpu(), Instant::now());
        let requests = count(client.request_for(time, &mut self.load));
        let (time, cpu) = (micros(begin.elapsed()), micros(server.cpu().saturating_sub(cpu)));
        self.rounds.push(Round { cpu, time, requests });
    }

    /// Adds the CPU time that `server` has used since its total was `cpu`.
    pub fn add_whole(&mut self, server: &Server, cpu: Duration) {
        self.whole += micros(server.cpu().saturating_sub(cpu));
    }

    /// The CPU time per request, in microseconds.
    pub fn cost(&self) -> f64 {
        self.median(|round| round.cpu / round.requests)
    }

    /// The same with the work between requests and between turns.
    pub fn whole_cost(&self) -> f64 {
        self.whole / self.rounds.iter().map(|round| round.requests).sum::<f64>()
    }

    /// Requests per second.
    pub fn throughput(&self) -> f64 {
        self.median(|round| 1e6 * round.requests / round.time)
    }

    /// How much of its core the server used, in percent. Much less than 100 means that the client
    /// was too slow.
    pub fn share(&self) -> f64 {
        self.median(|round| 100.0 * round.cpu / round.time)
    }

    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        let mut figures: Vec<f64> = self.rounds.iter().map(figure).collect();
        figures.sort_unstable_by(f64::total_cmp);
        let middle = figures.len() / 2;
        f64::midpoint(figures[middle], figures[(figures.len() - 1) / 2])
    }
}

/// Runs the turns of all sides on their servers. Each round begins with another side.
pub fn run<const N: usize>(sides: &mut [Side<'_>; N], servers: [&Server; N], scale: &Scale) {
    for (side, server) in sides.iter_mut().zip(servers) {
        Client::connect(server).request_for(scale.turn / 4, &mut side.load);
    }
    let before = servers.map(Server::cpu);
    for _ in 0..scale.rounds {
        let round = sides[0].rounds.len();
        for offset in 0..N {
            let index = (round + offset) % N;
            sides[index].turn(servers[index], scale.turn);
        }
    }
    for ((side, server), cpu) in sides.iter_mut().zip(servers).zip(before) {
        side.add_whole(server, cpu);
    }
}

/// The time in microseconds.
pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Converts a count for calculations.
pub fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}
