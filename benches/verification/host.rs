//! What the host of a virtual machine takes.
//!
//! A host that takes a core away makes a request late without anything that a server does.
//!
//! The client has a core that no server uses, and never waits: what keeps it from looking at its
//! connections is not the server. On the server's core the kernel tells, since it leaves out of CPU
//! time most of what the host took. So where nothing comes back for a while, and neither the server
//! nor an idler that has the core whenever the server rests has used that while, the host had the
//! core. What the host takes without the kernel's knowing counts as the server's.

use std::time::{Duration, Instant};

use crate::server::{Process, Server};

/// Between two looks of the client there are ten microseconds or so, and not 200 when there is an
/// answer on each of its connections.
const STUCK: Duration = Duration::from_micros(500);
/// Silence that is longer is looked into; an answer takes some fifteen microseconds of CPU time.
const LONG: Duration = Duration::from_micros(100);

/// Watches the host while a client that never rests asks a server.
pub struct Host<'a> {
    server: &'a Server,
    idler: &'a Process,
    /// When the client last looked.
    looked: Instant,
    /// When the last answer came, or was first waited for.
    heard: Instant,
    /// When it had become long, and the CPU time of the server's core.
    silence: Option<Mark>,
}

struct Mark {
    at: Instant,
    cpu: Duration,
}

impl Mark {
    fn now(cpu: Duration) -> Self {
        Self { at: Instant::now(), cpu }
    }

    /// Since when the host has had the core, which has used so much CPU time until now.
    fn was_taken(&self, cpu: Duration) -> Option<Instant> {
        (self.at.elapsed() > cpu.saturating_sub(self.cpu) + LONG).then_some(self.at)
    }
}

impl<'a> Host<'a> {
    pub fn new(server: &'a Server, idler: &'a Process) -> Self {
        let now = Instant::now();
        Self { server, idler, looked: now, heard: now, silence: None }
    }

    /// Since when, if it has since this was last asked.
    pub fn has_held_up_the_client(&mut self) -> Option<Instant> {
        let before = std::mem::replace(&mut self.looked, Instant::now());
        if self.looked - before <= STUCK {
            return None;
        }
        // Nobody knows whether there was an answer to be seen.
        (self.heard, self.silence) = (self.looked, None);
        Some(before)
    }

    /// Since when, if it is seen now that there is an answer. None is waited for otherwise.
    pub fn has_held_up_the_server(&mut self, is_answer: bool, is_waiting: bool) -> Option<Instant> {
        if is_answer || !is_waiting {
            self.heard = Instant::now();
            let silence = self.silence.take()?;
            return silence.was_taken(self.core());
        }
        if self.silence.is_none() && self.heard.elapsed() > LONG {
            self.silence = Some(Mark::now(self.core()));
        }
        None
    }

    fn core(&self) -> Duration {
        self.server.cpu() + self.idler.cpu()
    }
}
