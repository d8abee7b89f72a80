//! Background work. One node finds keys that need attention and causes of alerts, and turns events
//! into messages. Every node sends due messages.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::presence::Presence;
use super::purge;
use super::schedule::Schedule;
use crate::base::clock::{Clock, MINUTE, SECOND, Timestamp, uptime};
use crate::base::clock_steps::ClockSteps;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::base::random;
use crate::config::PublicUrl;
use crate::db::{Db, lease};
use crate::domain::alerts::{self, Letters};
use crate::domain::checklist;
use crate::domain::disabling;
use crate::domain::mail::{self, Connector};
use crate::domain::master_key;
use crate::domain::webhooks::{self, Policy};
use crate::letters::AlertLetters;

/// How often each job runs.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often it is checked whether disabled keys must be enabled or revoked.
const SCHEDULE_INTERVAL: Duration = Duration::from_secs(15);
/// How often old data is deleted.
const PURGE_INTERVAL: Duration = Duration::from_mins(10);
/// The name of the lease.
const LEASE: &str = "alerts";
/// How long the lease lasts, in milliseconds. For this long, nobody does the work of a node that has
/// died.
const LEASE_LENGTH: i64 = 30 * SECOND;
/// How long before its end the lease is renewed, in milliseconds.
const LEASE_MARGIN: i64 = 20 * SECOND;
/// How often a node without the lease asks for it, in milliseconds.
const LEASE_RETRY: i64 = 5 * SECOND;
/// How often causes of alerts are searched for, in milliseconds.
const ALERT_INTERVAL: i64 = MINUTE;

/// What the background work needs.
pub struct Dependencies {
    pub db: Db,
    pub keyring: Keyring,
    /// The secret key file.
    pub key_file: PathBuf,
    pub clock: Clock,
    /// Detects whether the clock was set back.
    pub clock_steps: ClockSteps,
    /// The public URL of the site, for links in messages.
    pub public_url: PublicUrl,
    /// Which receivers webhooks may reach, and how.
    pub receivers: Policy,
    /// How to connect to the mail server.
    pub mail_server: Connector,
}

/// Runs background work until it is dropped.
pub struct Worker {
    _schedule: Schedule,
}

impl Worker {
    /// Starts the background work.
    pub fn start(dependencies: Dependencies) -> Result<Self> {
        let Dependencies { db, keyring, clock, .. } = dependencies;
        let mut schedule = Schedule::new();
        let mut presence = Presence::start(&db, &keyring, dependencies.key_file, clock.now())?;
        let now = clock.clone();
        schedule
            .every("nodes", master_key::REPORT_INTERVAL, move |_| presence.report(now.now()))?;
        let mut watch = Watch::new(&db, &dependencies.public_url)?;
        let (now, steps) = (clock.clone(), dependencies.clock_steps);
        schedule.every("alerts", INTERVAL, move |_| {
            steps.check(now.now(), uptime());
            watch.run_once(now.now())
        })?;
        let (pool, keys, now) = (db.clone(), keyring.clone(), clock.clone());
        schedule.every("disabled keys", SCHEDULE_INTERVAL, move |_| {
            disabling::run_due(&pool, &keys, now.now())
        })?;
        let (pool, keys, now, receivers) =
            (db.clone(), keyring.clone(), clock.clone(), dependencies.receivers);
        schedule.every("webhooks", INTERVAL, move |turn| {
            turn.wait_for(webhooks::send_due(&pool, &keys, &receivers, now.now())).map(drop)
        })?;
        let (pool, keys, now, mail_server) =
            (db.clone(), keyring.clone(), clock.clone(), dependencies.mail_server);
        schedule.every("mail", INTERVAL, move |turn| {
            turn.wait_for(mail::send_due(&pool, &keys, &mail_server, now.now())).map(drop)
        })?;
        schedule.every("clearing", PURGE_INTERVAL, move |turn| {
            turn.wait_while_serving(purge::purge(&db, &keyring, clock.now()));
            Ok(())
        })?;
        Ok(Self { _schedule: schedule })
    }
}

/// The work of the node that holds the lease.
struct Watch {
    db: Db,
    letters: Arc<dyn Letters>,
    /// The node's name as a holder of the lease.
    holder: String,
    /// Until when this node holds the lease.
    held_until: Timestamp,
    /// When the lease was last denied.
    denied_at: Option<Timestamp>,
    alerts_checked_at: Option<Timestamp>,
}

impl Watch {
    fn new(db: &Db, public_url: &PublicUrl) -> Result<Self> {
        Ok(Self {
            db: db.clone(),
            letters: Arc::new(AlertLetters { public_url: public_url.to_string() }),
            holder: random::text(random::BASE62, 16)?,
            held_until: Timestamp::default(),
            denied_at: None,
            alerts_checked_at: None,
        })
    }

    fn run_once(&mut self, now: Timestamp) -> Result<()> {
        // If more time is left than the lease lasts, the clock was set back.
        let is_held = (LEASE_MARGIN..=LEASE_LENGTH).contains(&self.held_until.since(now));
        if !is_held && !self.hold(now)? {
            return Ok(());
        }
        alerts::events::notify(&self.db, &self.letters, now)?;
        if self.alerts_checked_at.is_none_or(|last| now.since(last).abs() >= ALERT_INTERVAL) {
            alerts::run_once(&self.db, &self.letters, now)?;
            checklist::close_if_done(&self.db)?;
            self.alerts_checked_at = Some(now);
        }
        Ok(())
    }

    fn hold(&mut self, now: Timestamp) -> Result<bool> {
        if self.denied_at.is_some_and(|last| now.since(last).abs() < LEASE_RETRY) {
            return Ok(false);
        }
        let until = now.plus(LEASE_LENGTH);
        let holder = self.holder.clone();
        let is_held =
            self.db.write_in_background(move |tx| lease::hold(tx, LEASE, &holder, now, until))?;
        self.held_until = if is_held { until } else { Timestamp::default() };
        self.denied_at = (!is_held).then_some(now);
        Ok(is_held)
    }
}

impl Drop for Watch {
    /// Releases the lease, so that another node can continue immediately.
    fn drop(&mut self) {
        let holder = std::mem::take(&mut self.holder);
        let _ = self.db.write_in_background(move |tx| lease::release(tx, LEASE, &holder));
    }
}
