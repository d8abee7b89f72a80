//! What other parts of the program, other processes and other nodes must hear of.
//!
//! A transaction announces; its number and text are rows of `changes`, committed with it. This
//! process's subscribers hear before the write returns; others' watchers look. Every look that
//! succeeds renews a lease; without it nothing that was remembered may be relied on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use diesel::prelude::*;

use super::schema::changes;
use super::{Connection, Transaction};
use crate::clock::uptime;
use crate::error::Result;

/// What stands for everything at once.
pub const EVERYTHING: &str = "*";

/// For how long a look counts, from its beginning, in milliseconds.
const LEASE: u64 = 1_800;
/// How many announcements are kept for who looks late.
const KEPT: i64 = 10_000;

/// What a subscriber is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// This was announced.
    Changed(&'a str),
    /// Anything may have been.
    Everything,
}

type Subscriber = Box<dyn Fn(Heard<'_>) + Send + Sync>;

/// The subscribers, and until when they have heard everything.
#[derive(Default)]
pub(super) struct Feed {
    subscribers: RwLock<Vec<Subscriber>>,
    /// The program's uptime, in milliseconds.
    lease_ends: AtomicU64,
}

impl Feed {
    pub(super) fn subscribe(&self, subscriber: Subscriber) {
        self.subscribers.write().unwrap_or_else(PoisonError::into_inner).push(subscriber);
    }

    pub(super) fn tell(&self, announced: &[String]) {
        for what in announced {
            self.tell_one(if what == EVERYTHING {
                Heard::Everything
            } else {
                Heard::Changed(what)
            });
        }
    }

    pub(super) fn tell_one(&self, heard: Heard<'_>) {
        for subscriber in &*self.subscribers.read().unwrap_or_else(PoisonError::into_inner) {
            subscriber(heard);
        }
    }

    pub(super) fn is_current(&self) -> bool {
        uptime() < self.lease_ends.load(Ordering::Acquire)
    }

    /// `looked_at` is the program's uptime when the look began. A watcher that was given up and
    /// comes back late takes nothing from the lease of the next.
    pub(super) fn renew(&self, looked_at: u64) {
        self.lease_ends.fetch_max(looked_at + LEASE, Ordering::AcqRel);
    }
}

impl Transaction<'_> {
    /// Has every process and node hear of `what` once the transaction is committed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn announce(&mut self, what: &str) -> Result<()> {
        let newest = newest(self)?;
        diesel::insert_into(changes::table)
            .values((changes::number.eq(newest + 1), changes::what.eq(what)))
            .execute(&mut **self)?;
        diesel::delete(changes::table.filter(changes::number.le(newest - KEPT)))
            .execute(&mut **self)?;
        if let Connection::Postgres(native) = &mut **self {
            diesel::sql_query("NOTIFY latchkey_changes").execute(native)?;
        }
        self.announced.push(what.to_owned());
        Ok(())
    }
}

/// The number of the newest announcement.
pub(super) fn newest(connection: &mut Connection) -> Result<i64> {
    let newest: Option<i64> = changes::table
        .select(changes::number)
        .order(changes::number.desc())
        .first(connection)
        .optional()?;
    Ok(newest.unwrap_or(0))
}
