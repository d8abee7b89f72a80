//! Notifies other parts of the program, other processes and other nodes of changes.
//!
//! A transaction announces changes; their numbers and texts are rows of `changes`, committed with
//! it. This process's subscribers are notified before the write returns; the watchers of other
//! processes poll the table. Every successful poll renews a lease; without it, cached data must not
//! be used.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use diesel::prelude::*;

use super::schema::changes;
use super::{Connection, Transaction};
use crate::base::clock::uptime;
use crate::base::error::Result;

/// The announcement that anything may have changed.
pub const EVERYTHING: &str = "*";

/// How long a poll is valid, from its start, in milliseconds.
const LEASE: u64 = 1_800;
/// How many announcements are kept for watchers that poll late.
const MAX_STORED: i64 = 10_000;
/// How many of its own announcements a process remembers for its watcher, which is rarely more than
/// one late.
const MAX_OWN: usize = 1_000;

/// The notification to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announcement<'a> {
    Changed(&'a str),
    /// Anything may have changed.
    Everything,
}

type Subscriber = Box<dyn Fn(Announcement<'_>) + Send + Sync>;

/// The subscribers, and the time until which they are up to date.
#[derive(Default)]
pub(super) struct Feed {
    subscribers: RwLock<Vec<Subscriber>>,
    own: Mutex<OwnAnnouncements>,
    /// The end of the lease, in milliseconds of the program's uptime.
    lease_ends: AtomicU64,
}

/// The numbers of this process's own announcements. The watcher skips those that subscribers have
/// received; otherwise, data cached since then would have to be read again.
#[derive(Default)]
struct OwnAnnouncements {
    delivered: BTreeSet<i64>,
    /// Announcements whose COMMIT has no answer yet. Until the answer, it is unknown whether they
    /// count, so the watcher neither delivers nor skips them.
    pending: BTreeSet<i64>,
}

impl Feed {
    pub(super) fn subscribe(&self, subscriber: Subscriber) {
        self.subscribers.write().unwrap_or_else(PoisonError::into_inner).push(subscriber);
    }

    /// Records the announcements of a transaction whose COMMIT is about to be sent.
    pub(super) fn mark_pending(&self, announced: &[(i64, String)]) {
        self.own().pending.extend(announced.iter().map(|(number, _)| number));
    }

    /// Delivers the announcements of this process's own transaction. The numbers count as its own
    /// only if the transaction was certainly committed: otherwise another transaction may have
    /// them.
    pub(super) fn deliver_own(&self, announced: &[(i64, String)], is_committed: bool) {
        for (number, what) in announced {
            self.deliver(what);
            let mut own = self.own();
            own.pending.remove(number);
            if is_committed {
                own.delivered.insert(*number);
                if own.delivered.len() > MAX_OWN {
                    own.delivered.pop_first();
                }
            }
        }
    }

    /// Delivers an announcement that the watcher has found, unless it was delivered before. Returns
    /// `false` if that is not known yet.
    pub(super) fn deliver_found(&self, number: i64, what: &str) -> bool {
        let (is_pending, is_delivered) = {
            let mut own = self.own();
            (own.pending.contains(&number), own.delivered.remove(&number))
        };
        if !is_pending && !is_delivered {
            self.deliver(what);
        }
        !is_pending
    }

    /// Notifies subscribers that anything may have changed since the last poll.
    pub(super) fn deliver_everything(&self) {
        self.own().delivered.clear();
        self.notify(Announcement::Everything);
    }

    fn deliver(&self, what: &str) {
        self.notify(if what == EVERYTHING {
            Announcement::Everything
        } else {
            Announcement::Changed(what)
        });
    }

    fn notify(&self, heard: Announcement<'_>) {
        for subscriber in &*self.subscribers.read().unwrap_or_else(PoisonError::into_inner) {
            subscriber(heard);
        }
    }

    fn own(&self) -> MutexGuard<'_, OwnAnnouncements> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_current(&self) -> bool {
        uptime() < self.lease_ends.load(Ordering::Acquire)
    }

    /// `polled_at` is the program's uptime at the start of the poll. A watcher that was given up
    /// and answers late does not shorten the lease of the next one.
    pub(super) fn renew(&self, polled_at: u64) {
        self.lease_ends.fetch_max(polled_at + LEASE, Ordering::AcqRel);
    }
}

impl Transaction<'_> {
    /// Announces `what` to every process and node after the transaction is committed.
    pub fn announce(&mut self, what: &str) -> Result<()> {
        let number = newest(self)? + 1;
        diesel::insert_into(changes::table)
            .values((changes::number.eq(number), changes::what.eq(what)))
            .execute(&mut **self)?;
        diesel::delete(changes::table.filter(changes::number.lt(number - MAX_STORED)))
            .execute(&mut **self)?;
        if let Connection::Postgres(native) = &mut **self {
            diesel::sql_query("NOTIFY latchkey_changes").execute(native)?;
        }
        self.announced.push((number, what.to_owned()));
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::db::{Db, Location};

    #[test]
    fn announcements_of_this_and_other_processes_are_delivered_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("latchkey.db"));
        let [own, other] = [(); 2].map(|()| Db::open(&location).expect("a database"));
        let (tells, heard) = mpsc::channel();
        own.subscribe(move |what| match what {
            Announcement::Changed(what) => tells.send(what.to_owned()).expect("the test listens"),
            Announcement::Everything => {
                tells.send(EVERYTHING.to_owned()).expect("the test listens");
            }
        });
        own.watch().expect("a watcher");
        let next = || heard.recv_timeout(Duration::from_secs(20)).expect("heard");
        assert_eq!(next(), EVERYTHING, "earlier announcements are unknown");
        for (db, what) in
            [(&own, "one"), (&own, "two"), (&other, "three"), (&own, "four"), (&other, "five")]
        {
            db.write_blocking(|tx| tx.announce(what)).expect("announced");
            assert_eq!(next(), what);
        }
    }

    #[test]
    fn an_announcement_found_during_its_own_commit_waits_for_the_answer() {
        let feed = Feed::default();
        let (tells, heard) = mpsc::channel();
        feed.subscribe(Box::new(move |_| tells.send(()).expect("the test listens")));
        let [committed, lost] = [[(1, "one".into())], [(2, "two".into())]];
        feed.mark_pending(&committed);
        assert!(!feed.deliver_found(1, "one"), "the answer has not arrived");
        feed.deliver_own(&committed, true);
        assert!(feed.deliver_found(1, "one"));
        assert_eq!(heard.try_iter().count(), 1, "delivered once");
        feed.mark_pending(&lost);
        feed.deliver_own(&lost, false);
        assert!(feed.deliver_found(2, "two"), "it may belong to another transaction");
        assert_eq!(heard.try_iter().count(), 2, "delivered again, since the outcome is unknown");
    }
}
