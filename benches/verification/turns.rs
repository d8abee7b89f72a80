//! Turns: those that are compared are loaded one after another, in short rounds, so that a noisy
//! machine hits all alike.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::client::Client;
use crate::load::Load;
use crate::server::Server;

/// What a server is asked, and what came of it.
pub struct Side<'a> {
    load: Load<'a>,
    rounds: Vec<Round>,
    /// What it used from the first round to the last, the others' turns included.
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

    /// One turn of `server`.
    pub fn turn(&mut self, server: &Server, time: Duration) {
        // New connections: servers close those that lie idle while others have their turns.
        let mut client = Client::of(server);
        let (cpu, begin) = (server.cpu(), Instant::now());
        let requests = count(client.ask_for(time, &mut self.load));
        let (time, cpu) = (micros(begin.elapsed()), micros(server.cpu().saturating_sub(cpu)));
        self.rounds.push(Round { cpu, time, requests });
    }

    /// Adds what `server` has used since it had used `cpu`.
    pub fn add_whole(&mut self, server: &Server, cpu: Duration) {
        self.whole += micros(server.cpu().saturating_sub(cpu));
    }

    /// Microseconds of CPU time for a request.
    pub fn cost(&self) -> f64 {
        self.median(|round| round.cpu / round.requests)
    }

    /// The same over everything, with what it does between requests and now and then.
    pub fn whole_cost(&self) -> f64 {
        self.whole / self.rounds.iter().map(|round| round.requests).sum::<f64>()
    }

    /// Requests in a second.
    pub fn throughput(&self) -> f64 {
        self.median(|round| 1e6 * round.requests / round.time)
    }

    /// How much of a core it used, in percent: about 100, or the client was too slow.
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

/// Lets each side take so many turns on its server; the one to begin changes from round to round.
pub fn take<const N: usize>(sides: &mut [Side<'_>; N], servers: [&Server; N], scale: &Scale) {
    for (side, server) in sides.iter_mut().zip(servers) {
        Client::of(server).ask_for(scale.turn / 4, &mut side.load);
    }
    let before = servers.map(Server::cpu);
    for _ in 0..scale.rounds {
        let round = sides[0].rounds.len();
        for place in 0..N {
            let place = (round + place) % N;
            sides[place].turn(servers[place], scale.turn);
        }
    }
    for ((side, server), cpu) in sides.iter_mut().zip(servers).zip(before) {
        side.add_whole(server, cpu);
    }
}

/// Microseconds.
pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A number of things as a number to reckon with.
pub fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::INFINITY, f64::from)
}
