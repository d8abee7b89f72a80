//! The work in the background: one node looks for what asks for attention and for causes of alerts,
//! and turns what happened into messages; each node sends messages that are due.
//!
//! Threads of their own, so that nothing that people or programs wait for waits for it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::base::background;
use crate::base::clock::{Clock, MINUTE, SECOND, Timestamp, uptime};
use crate::base::clock_steps::ClockSteps;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::random;
use crate::config::PublicUrl;
use crate::db::{Db, lease};
use crate::domain::alerts::{self, Telling};
use crate::domain::mail;
use crate::domain::mail::Connector;
use crate::domain::webhooks;
use crate::domain::webhooks::Policy;

/// How often there is something to do.
const EVERY: Duration = Duration::from_secs(1);
/// The name of the lease.
const LEASE: &str = "alerts";
/// For how long the lease is taken, in milliseconds: so long nobody does the work of a node that
/// died.
const LEASE_LENGTH: i64 = 30 * SECOND;
/// How long before its end it is taken anew, in milliseconds.
const LEASE_MARGIN: i64 = 20 * SECOND;
/// How often a node that does not hold it asks for it, in milliseconds.
const LEASE_ASKED: i64 = 5 * SECOND;
/// How long the end waits for what is under way, which is a message to one receiver or a transaction;
/// what the database or a receiver holds up for longer is done again by the next who holds the lease.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often causes are looked for, in milliseconds.
const LOOKS: i64 = MINUTE;

/// What the work needs.
pub struct Needs {
    pub db: Db,
    pub keyring: Keyring,
    pub clock: Clock,
    /// Whether it was set back.
    pub clock_steps: ClockSteps,
    /// Where people reach the site, for links in messages.
    pub public_url: PublicUrl,
    /// Which receivers webhooks may reach, and how.
    pub receivers: Policy,
    /// How the mail server is reached.
    pub mail_server: Connector,
}

/// Works in the background until it is dropped.
pub struct Worker {
    alive: Vec<Sender<()>>,
    /// Each thread has one, and drops it at its end.
    running: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Worker {
    /// Starts to work.
    pub fn start(needs: Needs) -> Result<Self> {
        let (running, ended) = mpsc::channel();
        let mut worker = Self { alive: Vec::new(), running: Some(running), ended };
        let Needs { db, keyring, clock, .. } = needs;
        let mut turn = Turn::new(&db, &needs.public_url)?;
        let (now, steps) = (clock.clone(), needs.clock_steps);
        worker.spawn("alerts", move |_| {
            steps.check(now.now(), uptime());
            turn.take(now.now())
        })?;
        let (pool, keys, now, policy) =
            (db.clone(), keyring.clone(), clock.clone(), needs.receivers);
        worker.spawn("webhooks", move |runtime| {
            runtime.block_on(webhooks::send_due(&pool, &keys, &policy, now.now())).map(drop)
        })?;
        let connector = needs.mail_server;
        worker.spawn("mail", move |runtime| {
            runtime.block_on(mail::send_due(&db, &keyring, &connector, clock.now())).map(drop)
        })?;
        Ok(worker)
    }

    /// Does `work` every second, whatever becomes of it.
    fn spawn(
        &mut self,
        name: &'static str,
        mut work: impl FnMut(&Runtime) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let (alive, end) = mpsc::channel::<()>();
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        let running = self.running.clone();
        let works = move || {
            let _running = running;
            while end.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                background::turn(name, || {
                    if let Err(error) = work(&runtime) {
                        tracing::warn!(%error, "{name}: not done yet");
                    }
                });
            }
            // A database that says nothing would be waited for.
            runtime.shutdown_background();
            // Before it counts as ended, since it may give the lease back.
            drop(work);
        };
        thread::Builder::new().name(name.into()).spawn(works).map_err(Error::internal)?;
        self.alive.push(alive);
        Ok(())
    }
}

impl Drop for Worker {
    /// Waits for what is under way, but not without end.
    fn drop(&mut self) {
        self.alive.clear();
        self.running = None;
        if self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("work in the background is left unfinished");
        }
    }
}

/// The work of the one node that holds the lease.
struct Turn {
    db: Db,
    telling: Telling,
    /// What the node calls itself.
    holder: String,
    /// Until when the lease is held.
    held_until: Timestamp,
    /// When it was last asked for in vain.
    refused_at: Option<Timestamp>,
    looked_at: Option<Timestamp>,
}

impl Turn {
    fn new(db: &Db, public_url: &PublicUrl) -> Result<Self> {
        Ok(Self {
            db: db.clone(),
            telling: Telling { public_url: public_url.to_string() },
            holder: random::text(random::BASE62, 16)?,
            held_until: Timestamp::default(),
            refused_at: None,
            looked_at: None,
        })
    }

    fn take(&mut self, now: Timestamp) -> Result<()> {
        // More than it was taken for: the clock stepped back.
        let is_held = (LEASE_MARGIN..=LEASE_LENGTH).contains(&self.held_until.since(now));
        if !is_held && !self.hold(now)? {
            return Ok(());
        }
        alerts::events::tell(&self.db, &self.telling, now)?;
        if self.looked_at.is_none_or(|last| now.since(last).abs() >= LOOKS) {
            alerts::look(&self.db, &self.telling, now)?;
            self.looked_at = Some(now);
        }
        Ok(())
    }

    fn hold(&mut self, now: Timestamp) -> Result<bool> {
        if self.refused_at.is_some_and(|last| now.since(last).abs() < LEASE_ASKED) {
            return Ok(false);
        }
        let until = now.plus(LEASE_LENGTH);
        let holder = self.holder.clone();
        let is_held =
            self.db.write_in_background(move |tx| lease::hold(tx, LEASE, &holder, now, until))?;
        self.held_until = if is_held { until } else { Timestamp::default() };
        self.refused_at = (!is_held).then_some(now);
        Ok(is_held)
    }
}

impl Drop for Turn {
    /// Lets another node go on at once.
    fn drop(&mut self) {
        let holder = std::mem::take(&mut self.holder);
        let _ = self.db.write_in_background(move |tx| lease::release(tx, LEASE, &holder));
    }
}
