//! Whether the database can be used: whether it can be read and written, and whether what others change
//! is heard of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use futures_util::future::join3;
use tokio::sync::Mutex;

use super::connection::LOCK_WAIT;
use super::counted::Count;
use super::{Connection, Db, Location, error};
use crate::base::clock::uptime;
use crate::base::error::{Error, Result};

/// For how long an answer is given again, so that it costs the same however many ask.
const KEPT: Duration = Duration::from_secs(1);
/// For how long a write that failed counts, in milliseconds, unless one succeeds before: work in the
/// background writes more often.
const FAILURE_COUNTS: u64 = 15_000;
/// How long a feed that was just started is waited for, and how often it is looked at meanwhile.
const FEED_STARTS: Duration = Duration::from_secs(1);
const FEED_LOOK: Duration = Duration::from_millis(50);
/// Writes a row that nothing reads and that is taken back. It needs no order among other writes.
const TRIAL: &str = "INSERT INTO changes (number, what) VALUES (-1, 'trial')";

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database can be read.
    pub reads: bool,
    /// It can be written. One that is only busy counts as one that can.
    pub writes: bool,
    /// What other processes and nodes change is heard of.
    pub hears: bool,
}

/// What is remembered of reads and writes.
#[derive(Default)]
pub(super) struct Memory {
    last: Arc<Mutex<Option<(Instant, Health)>>>,
    /// The program's uptime, in milliseconds, until which a write that failed counts.
    fails_until: AtomicU64,
}

impl Memory {
    /// Notes how a write over `connection` ended.
    pub(super) fn note<T>(
        &self,
        result: &Result<T>,
        connection: &mut Connection,
        elapsed: Duration,
    ) {
        // One that fails late waited for a lock, and where the connection is gone the next may be better.
        let fails_until = match result {
            Ok(_) => 0,
            Err(Error::Unavailable(_))
                if elapsed < LOCK_WAIT / 2 && connection.batch_execute("SELECT 1").is_ok() =>
            {
                uptime() + FAILURE_COUNTS
            }
            Err(_) => return,
        };
        self.fails_until.store(fails_until, Ordering::Relaxed);
    }
}

impl Db {
    /// What can be done, as of a second ago at most; `read` is the read that is tried. One look is under
    /// way at a time, and goes on when whoever asked for it has gone.
    pub async fn health<T: 'static>(
        &self,
        read: fn(&mut Connection) -> Result<T>,
    ) -> Result<Health> {
        let (db, last) = (self.clone(), self.0.health.last.clone());
        let looking = tokio::spawn(async move {
            let mut last = last.lock().await;
            match *last {
                Some((at, health)) if at.elapsed() < KEPT => health,
                _ => {
                    let health = db.look(read).await;
                    *last = Some((Instant::now(), health));
                    health
                }
            }
        });
        looking.await.map_err(Error::internal)
    }

    async fn look<T: 'static>(&self, read: fn(&mut Connection) -> Result<T>) -> Health {
        let (location, count) = (self.0.location.clone(), self.0.count.clone());
        let reads = self.read(move |connection| read(connection).map(drop));
        let writes = self.read(move |connection| try_to_write(connection, &location, &count));
        let (reads, tried, hears) = join3(reads, writes, self.hears()).await;
        for error in [reads.as_ref().err(), tried.as_ref().err()].into_iter().flatten() {
            tracing::warn!(%error, "the database cannot be used");
        }
        let has_failed = uptime() < self.0.health.fails_until.load(Ordering::Relaxed);
        Health { reads: reads.is_ok(), writes: tried.is_ok() && !has_failed, hears }
    }

    async fn hears(&self) -> bool {
        let began = Instant::now();
        while !self.is_current() && began.elapsed() < FEED_STARTS {
            tokio::time::sleep(FEED_LOOK).await;
        }
        self.is_current()
    }
}

/// Writes and takes it back, without holding up those who write.
fn try_to_write(
    connection: &mut Connection,
    location: &Location,
    count: &Arc<Count>,
) -> Result<()> {
    match connection {
        Connection::Postgres(_) => try_between(connection, "BEGIN"),
        // Those who read a file may not write, and the one who writes may be at work.
        Connection::Sqlite(_) => {
            let own = count.open(|| Connection::open(location));
            let mut own = own.map_err(error::unavailable)?;
            own.batch_execute("PRAGMA busy_timeout = 0")?;
            match own.batch_execute("BEGIN IMMEDIATE") {
                Err(refused) if is_busy(&refused) => Ok(()),
                begun => begun.map_err(Error::from).and_then(|()| try_between(&mut own, "")),
            }
        }
    }
}

/// Whether somebody else is writing, so that nothing can be said.
fn is_busy(refused: &diesel::result::Error) -> bool {
    refused.to_string() == "database is locked"
}

fn try_between(connection: &mut Connection, begin: &str) -> Result<()> {
    let tried = connection.batch_execute(&format!("{begin};{TRIAL}"));
    connection.batch_execute("ROLLBACK")?;
    Ok(tried?)
}
