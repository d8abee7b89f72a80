//! Turns: those that are compared are loaded one after another, in short rounds, so that a noisy
//! machine hits all alike.

use std::thread;
use std::time::{Duration, Instant};

use crate::Scale;
use crate::client::Client;
use crate::load::Load;
use crate::server::Server;

/// A server, what it is asked, and what came of it.
pub struct Side<'a> {
    server: &'a Server,
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
    pub fn new(server: &'a Server, load: Load<'a>) -> Self {
        Self { server, load, rounds: Vec::new(), whole: 0.0 }
    }

    fn turn(&mut self, time: Duration) -> Round {
        // New connections: servers close those that lie idle while others have their turns.
        let mut client = Client::of(self.server);
        let (cpu, begin) = (self.server.cpu(), Instant::now());
        let requests = client.ask_for(time, &mut self.load);
        let (time, cpu) = (micros(begin.elapsed()), micros(self.server.cpu().saturating_sub(cpu)));
        Round { cpu, time, requests: count(requests) }
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

/// Lets each side take its turns; the one to begin changes from round to round.
pub fn take(sides: &mut [Side<'_>], scale: &Scale) {
    for side in &mut *sides {
        side.turn(scale.turn / 4);
        side.whole = micros(side.server.cpu());
    }
    for round in 0..scale.rounds {
        for place in 0..sides.len() {
            let place = (round + place) % sides.len();
            let side = &mut sides[place];
            let turn = side.turn(scale.turn);
            side.rounds.push(turn);
            thread::sleep(scale.rest);
        }
    }
    for side in sides {
        side.whole = micros(side.server.cpu()) - side.whole;
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
