//! Requests at a fixed rate, and which of them the host of a virtual machine held up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::connection::Connection;
use crate::host::Host;
use crate::load::Load;

/// How long a request took.
#[derive(Clone, Copy)]
pub struct Taken {
    /// From the time at which it was due to its answer.
    pub time: Duration,
    /// From the same time until the host held it up, or what it had to wait for.
    pub undisturbed: Option<Duration>,
}

/// A request under way.
struct Asked<'a> {
    due: Instant,
    undisturbed: Option<Duration>,
    connection: &'a mut Connection,
}

/// Requests over some connections.
struct Pace<'a> {
    /// In turn, since servers close those that lie idle.
    free: VecDeque<&'a mut Connection>,
    busy: VecDeque<Asked<'a>>,
    /// Just answered, and how long it took.
    answered: Vec<(Asked<'a>, Duration)>,
    taken: Vec<Taken>,
    /// Whether there may be requests that wait for others that were held up.
    recovers: bool,
}

impl Client {
    /// Sends so many requests a second, whether or not others have been answered.
    pub fn ask_at(
        &mut self,
        mut host: Host<'_>,
        rate: f64,
        time: Duration,
        load: &mut Load<'_>,
    ) -> Vec<Taken> {
        let mut pace = Pace {
            free: self.0.iter_mut().collect(),
            busy: VecDeque::new(),
            answered: Vec::new(),
            taken: Vec::new(),
            recovers: false,
        };
        let (mut due, interval) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
        let end = due + time;
        while due < end || !pace.busy.is_empty() {
            if let Some(since) = host.has_held_up_the_client() {
                pace.hold_up(since);
            }
            if due < end && due <= Instant::now() {
                if pace.send(due, load) {
                    due += interval;
                }
            } else if pace.busy.is_empty() {
                pace.recovers = false;
            }
            pace.look();
            let is_waiting = !pace.busy.is_empty();
            if let Some(since) = host.has_held_up_the_server(!pace.answered.is_empty(), is_waiting)
            {
                pace.hold_up(since);
            }
            pace.note(load);
        }
        pace.taken
    }
}

impl Pace<'_> {
    /// Sends a request if a connection is free.
    fn send(&mut self, due: Instant, load: &mut Load<'_>) -> bool {
        let Some(connection) = self.free.pop_front() else { return false };
        connection.send(load.next());
        let undisturbed = self.recovers.then_some(Duration::ZERO);
        self.busy.push_back(Asked { due, undisturbed, connection });
        true
    }

    /// Looks once for each answer.
    fn look(&mut self) {
        for _ in 0..self.busy.len() {
            let Some(asked) = self.busy.pop_front() else { break };
            if asked.connection.look() {
                let time = asked.due.elapsed();
                self.answered.push((asked, time));
            } else {
                self.busy.push_back(asked);
            }
        }
    }

    fn hold_up(&mut self, since: Instant) {
        let answered = self.answered.iter_mut().map(|(asked, _)| asked);
        for asked in answered.chain(&mut self.busy) {
            let undisturbed = since.saturating_duration_since(asked.due);
            asked.undisturbed.get_or_insert(undisturbed);
        }
        self.recovers = true;
    }

    fn note(&mut self, load: &Load<'_>) {
        for (asked, time) in self.answered.drain(..) {
            load.check(asked.connection.status());
            self.taken.push(Taken { time, undisturbed: asked.undisturbed });
            self.free.push_back(asked.connection);
        }
    }
}
