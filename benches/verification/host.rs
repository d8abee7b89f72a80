//! What the host of a virtual machine takes.
//!
//! A host that takes a core away makes a request late without anything that a server does. The
//! kernel tells, since it leaves out of CPU time what the host took. So where nothing comes back for
//! a while, and neither the server nor an idler that has the core whenever the server rests has
//! used that while, the host had the core.

use std::time::{Duration, Instant};

use nix::time::ClockId;

use crate::server::{Process, Server};

/// What is longer is looked into; an answer takes some fifteen microseconds of CPU time.
const LONG: Duration = Duration::from_micros(100);

/// Watches the host while a client that never rests asks a server.
pub struct Host<'a> {
    server: &'a Server,
    idler: &'a Process,
    /// When the client last looked, and its CPU time.
    client: Mark,
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

    /// Since when the host has had a core that used so much CPU time until now.
    fn was_taken(&self, cpu: Duration) -> Option<Instant> {
        (self.at.elapsed() > cpu.saturating_sub(self.cpu) + LONG).then_some(self.at)
    }
}

impl<'a> Host<'a> {
    pub fn new(server: &'a Server, idler: &'a Process) -> Self {
        let client = Mark::now(own_cpu());
        Self { server, idler, heard: client.at, client, silence: None }
    }

    /// Since when, if it has since this was last asked.
    pub fn has_held_up_the_client(&mut self) -> Option<Instant> {
        let now = Mark::now(own_cpu());
        let since = self.client.was_taken(now.cpu);
        if since.is_some() {
            // Nobody knows whether there was an answer to be seen.
            (self.heard, self.silence) = (now.at, None);
        }
        self.client = now;
        since
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

/// CPU time of this thread until now.
fn own_cpu() -> Duration {
    ClockId::CLOCK_THREAD_CPUTIME_ID.now().expect("it is told").into()
}
