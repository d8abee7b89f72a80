//! The client: requests over connections that stay open.
//!
//! One thread that never sleeps, so that no server pays for waking it up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::load::Load;
use crate::server::Server;

const CONNECTIONS: usize = 32;

/// Connections to a server.
pub struct Client(Vec<Connection>);

impl Client {
    pub fn of(server: &Server) -> Self {
        Self((0..CONNECTIONS).map(|_| Connection::to(server.address)).collect())
    }

    /// Asks for some time, a request on every connection always under way; says how many were
    /// answered.
    pub fn ask_for(&mut self, time: Duration, load: &mut Load<'_>) -> usize {
        let end = Instant::now() + time;
        self.ask_while(load, |_| Instant::now() < end)
    }

    /// Asks `count` times, or a few times more.
    pub fn ask_each(&mut self, load: &mut Load<'_>, count: usize) {
        self.ask_while(load, |answered| answered + CONNECTIONS < count);
    }

    fn ask_while(&mut self, load: &mut Load<'_>, goes_on: impl Fn(usize) -> bool) -> usize {
        let mut answered = 0;
        self.0.iter_mut().for_each(|connection| connection.send(load.next()));
        while goes_on(answered) {
            for connection in &mut self.0 {
                load.check(connection.wait());
                connection.send(load.next());
            }
            answered += CONNECTIONS;
        }
        self.0.iter_mut().for_each(|connection| load.check(connection.wait()));
        answered + CONNECTIONS
    }

    /// Asks once; says how long the answer took.
    pub fn ask(&mut self, load: &mut Load<'_>) -> Duration {
        let begin = Instant::now();
        self.0[0].send(load.next());
        let status = self.0[0].wait();
        let taken = begin.elapsed();
        load.check(status);
        taken
    }

    /// Sends so many requests a second, whether or not others have been answered; says how long each
    /// took from when it was due.
    pub fn ask_at(&mut self, rate: f64, time: Duration, load: &mut Load<'_>) -> Vec<Duration> {
        let interval = Duration::from_secs_f64(1.0 / rate);
        let (mut due, mut taken) = (Instant::now(), Vec::new());
        let end = due + time;
        // In turn, since servers close those that lie idle.
        let mut free: VecDeque<_> = self.0.iter_mut().collect();
        let mut busy = VecDeque::new();
        while due < end || !busy.is_empty() {
            if due < end
                && due <= Instant::now()
                && let Some(connection) = free.pop_front()
            {
                connection.send(load.next());
                busy.push_back((due, connection));
                due += interval;
            }
            for _ in 0..busy.len() {
                let Some((due, connection)) = busy.pop_front() else { break };
                if connection.is_answered() {
                    taken.push(due.elapsed());
                    load.check(connection.status());
                    free.push_back(connection);
                } else {
                    busy.push_back((due, connection));
                }
            }
        }
        taken
    }

    /// The length of an answer.
    pub fn length(&mut self, load: &mut Load<'_>) -> usize {
        self.ask(load);
        self.0[0].length()
    }
}
