//! The client, which sends requests over persistent connections.
//!
//! It is a single thread that never sleeps, so that servers spend no time on waking it up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::load::Load;
use crate::server::Server;

const CONNECTIONS: usize = 32;

/// Connections to a server.
pub struct Client(Vec<Connection>);

impl Client {
    pub fn connect(server: &Server) -> Self {
        Self((0..CONNECTIONS).map(|_| Connection::open(server.address)).collect())
    }

    /// Sends requests for this time, with one in progress on every connection. Returns the number
    /// of responses.
    pub fn request_for(&mut self, time: Duration, load: &mut Load<'_>) -> usize {
        let end = Instant::now() + time;
        self.request_while(load, |_| Instant::now() < end)
    }

    /// Sends `count` requests, or a few more.
    pub fn request_many(&mut self, load: &mut Load<'_>, count: usize) {
        self.request_while(load, |answered| answered + CONNECTIONS < count);
    }

    fn request_while(&mut self, load: &mut Load<'_>, continues: impl Fn(usize) -> bool) -> usize {
        let mut answered = 0;
        self.0.iter_mut().for_each(|connection| connection.send(load));
        while continues(answered) {
            for connection in &mut self.0 {
                load.check(connection.wait());
                connection.send(load);
            }
            answered += CONNECTIONS;
        }
        self.0.iter_mut().for_each(|connection| load.check(connection.wait()));
        answered + CONNECTIONS
    }

    /// Sends one request and returns its response time.
    pub fn request(&mut self, load: &mut Load<'_>) -> Duration {
        let begin = Instant::now();
        self.0[0].send(load);
        let status = self.0[0].wait();
        let taken = begin.elapsed();
        load.check(status);
        taken
    }

    /// Sends `rate` requests per second, without waiting for earlier responses. Returns the
    /// response time of each from when it was due.
    pub fn request_at_rate(
        &mut self,
        rate: f64,
        time: Duration,
        load: &mut Load<'_>,
    ) -> Vec<Duration> {
        let interval = Duration::from_secs_f64(1.0 / rate);
        let (mut due, mut taken) = (Instant::now(), Vec::new());
        let end = due + time;
        // Connections take turns, because servers close idle ones.
        let mut free: VecDeque<_> = self.0.iter_mut().collect();
        let mut busy = VecDeque::new();
        while due < end || !busy.is_empty() {
            if due < end
                && due <= Instant::now()
                && let Some(connection) = free.pop_front()
            {
                connection.send(load);
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

    /// The length of a response.
    pub fn response_length(&mut self, load: &mut Load<'_>) -> usize {
        self.request(load);
        self.0[0].length()
    }
}
