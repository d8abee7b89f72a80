//! The work in the background: one node looks for what asks for attention and for causes of alerts,
//! and turns what happened into messages; each node sends messages that are due.

use std::sync::Arc;
use std::time::Duration;

use super::clearing;
use super::schedule::Schedule;
use crate::base::clock::{Clock, MINUTE, SECOND, Timestamp, uptime};
use crate::base::clock_steps::ClockSteps;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::base::random;
use crate::config::PublicUrl;
use crate::db::{Db, lease};
use crate::domain::alerts::{self, Letters};
use crate::domain::mail::{self, Connector};
use crate::domain::webhooks::{self, Policy};
use crate::letters::AlertLetters;

/// How often there is something to do.
const EVERY: Duration = Duration::from_secs(1);
/// How often what is over is cleared away.
const NOW_AND_THEN: Duration = Duration::from_mins(10);
/// The name of the lease.
const LEASE: &str = "alerts";
/// For how long the lease is taken, in milliseconds: so long nobody does the work of a node that
/// died.
const LEASE_LENGTH: i64 = 30 * SECOND;
/// How long before its end it is taken anew, in milliseconds.
const LEASE_MARGIN: i64 = 20 * SECOND;
/// How often a node that does not hold it asks for it, in milliseconds.
const LEASE_ASKED: i64 = 5 * SECOND;
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
    _schedule: Schedule,
}

impl Worker {
    /// Starts to work.
    pub fn start(needs: Needs) -> Result<Self> {
        let Needs { db, keyring, clock, .. } = needs;
        let mut schedule = Schedule::new();
        let mut watch = Watch::new(&db, &needs.public_url)?;
        let (now, steps) = (clock.clone(), needs.clock_steps);
        schedule.every("alerts", EVERY, move |_| {
            steps.check(now.now(), uptime());
            watch.look(now.now())
        })?;
        let (pool, keys, now, receivers) =
            (db.clone(), keyring.clone(), clock.clone(), needs.receivers);
        schedule.every("webhooks", EVERY, move |turn| {
            turn.wait_for(webhooks::send_due(&pool, &keys, &receivers, now.now())).map(drop)
        })?;
        let (pool, keys, now, mail_server) =
            (db.clone(), keyring.clone(), clock.clone(), needs.mail_server);
        schedule.every("mail", EVERY, move |turn| {
            turn.wait_for(mail::send_due(&pool, &keys, &mail_server, now.now())).map(drop)
        })?;
        schedule.every("clearing", NOW_AND_THEN, move |turn| {
            turn.wait_while_serving(clearing::clear(&db, &keyring, clock.now()));
            Ok(())
        })?;
        Ok(Self { _schedule: schedule })
    }
}

/// The work of the one node that holds the lease.
struct Watch {
    db: Db,
    letters: Arc<dyn Letters>,
    /// What the node calls itself.
    holder: String,
    /// Until when the lease is held.
    held_until: Timestamp,
    /// When it was last asked for in vain.
    refused_at: Option<Timestamp>,
    looked_at: Option<Timestamp>,
}

impl Watch {
    fn new(db: &Db, public_url: &PublicUrl) -> Result<Self> {
        Ok(Self {
            db: db.clone(),
            letters: Arc::new(AlertLetters { public_url: public_url.to_string() }),
            holder: random::text(random::BASE62, 16)?,
            held_until: Timestamp::default(),
            refused_at: None,
            looked_at: None,
        })
    }

    fn look(&mut self, now: Timestamp) -> Result<()> {
        // More than it was taken for: the clock stepped back.
        let is_held = (LEASE_MARGIN..=LEASE_LENGTH).contains(&self.held_until.since(now));
        if !is_held && !self.hold(now)? {
            return Ok(());
        }
        alerts::events::tell(&self.db, &self.letters, now)?;
        if self.looked_at.is_none_or(|last| now.since(last).abs() >= LOOKS) {
            alerts::look(&self.db, &self.letters, now)?;
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

impl Drop for Watch {
    /// Lets another node go on at once.
    fn drop(&mut self) {
        let holder = std::mem::take(&mut self.holder);
        let _ = self.db.write_in_background(move |tx| lease::release(tx, LEASE, &holder));
    }
}
