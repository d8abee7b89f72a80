//! What other parts of the program, other processes and other nodes must hear of.
//!
//! A transaction announces; its number and text are rows of `changes`, committed with it. This
//! process's subscribers hear before the write returns; others' watchers look. Every look that
//! succeeds renews a lease; without it nothing that was remembered may be relied on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use diesel::prelude::*;

use super::schema::changes;
use super::{Connection, Transaction};
use crate::base::clock::uptime;
use crate::base::error::Result;

/// What stands for everything at once.
pub const EVERYTHING: &str = "*";

/// For how long a look counts, from its beginning, in milliseconds.
const LEASE: u64 = 1_800;
/// How many announcements are kept for who looks late.
const KEPT: i64 = 10_000;
/// How many of its own announcements a process remembers for its watcher, which is rarely one behind.
const OWN_KEPT: usize = 1_000;

/// What a subscriber is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    Changed(&'a str),
    /// Anything may have been.
    Everything,
}

type Subscriber = Box<dyn Fn(Heard<'_>) + Send + Sync>;

/// The subscribers, and until when they have heard everything.
#[derive(Default)]
pub(super) struct Feed {
    subscribers: RwLock<Vec<Subscriber>>,
    own: Mutex<Own>,
    /// The program's uptime, in milliseconds.
    lease_ends: AtomicU64,
}

/// The numbers of this process's own announcements. The watcher passes over those that subscribers have
/// heard: what was read and cached since would have to be read once more.
#[derive(Default)]
struct Own {
    told: BTreeSet<i64>,
    /// Those whose COMMIT is under way. Whether they count is not known before its answer: until then
    /// the watcher neither tells them nor passes over them.
    pending: BTreeSet<i64>,
}

impl Feed {
    pub(super) fn subscribe(&self, subscriber: Subscriber) {
        self.subscribers.write().unwrap_or_else(PoisonError::into_inner).push(subscriber);
    }

    /// Notes what a transaction has announced whose COMMIT is about to be sent.
    pub(super) fn expect(&self, announced: &[(i64, String)]) {
        self.own().pending.extend(announced.iter().map(|(number, _)| number));
    }

    /// Tells what this process's own transaction has announced. Its numbers count as its own only
    /// when it is certain that it was committed: otherwise another transaction may have them.
    pub(super) fn tell_own(&self, announced: &[(i64, String)], is_committed: bool) {
        for (number, what) in announced {
            self.tell_of(what);
            let mut own = self.own();
            own.pending.remove(number);
            if is_committed {
                own.told.insert(*number);
                if own.told.len() > OWN_KEPT {
                    own.told.pop_first();
                }
            }
        }
    }

    /// Tells what the watcher has found, unless it was told when it was announced. Whether that can be
    /// said yet.
    pub(super) fn tell_found(&self, number: i64, what: &str) -> bool {
        let (is_pending, is_told) = {
            let mut own = self.own();
            (own.pending.contains(&number), own.told.remove(&number))
        };
        if !is_pending && !is_told {
            self.tell_of(what);
        }
        !is_pending
    }

    /// Tells that what was announced meanwhile is unknown.
    pub(super) fn tell_everything(&self) {
        self.own().told.clear();
        self.tell(Heard::Everything);
    }

    fn tell_of(&self, what: &str) {
        self.tell(if what == EVERYTHING { Heard::Everything } else { Heard::Changed(what) });
    }

    fn tell(&self, heard: Heard<'_>) {
        for subscriber in &*self.subscribers.read().unwrap_or_else(PoisonError::into_inner) {
            subscriber(heard);
        }
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub fn announce(&mut self, what: &str) -> Result<()> {
        let number = newest(self)? + 1;
        diesel::insert_into(changes::table)
            .values((changes::number.eq(number), changes::what.eq(what)))
            .execute(&mut **self)?;
        diesel::delete(changes::table.filter(changes::number.lt(number - KEPT)))
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
    fn what_a_process_announces_it_tells_once_and_what_others_announce_as_well() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("latchkey.db"));
        let [own, other] = [(); 2].map(|()| Db::open(&location).expect("a database"));
        let (tells, heard) = mpsc::channel();
        own.subscribe(move |what| match what {
            Heard::Changed(what) => tells.send(what.to_owned()).expect("the test listens"),
            Heard::Everything => tells.send(EVERYTHING.to_owned()).expect("the test listens"),
        });
        own.watch().expect("a watcher");
        let next = || heard.recv_timeout(Duration::from_secs(20)).expect("heard");
        assert_eq!(next(), EVERYTHING, "what was announced before it looked is unknown");
        for (db, what) in
            [(&own, "one"), (&own, "two"), (&other, "three"), (&own, "four"), (&other, "five")]
        {
            db.write_blocking(|tx| tx.announce(what)).expect("announced");
            assert_eq!(next(), what);
        }
    }

    #[test]
    fn what_is_found_while_its_own_commit_is_under_way_waits_for_the_answer() {
        let feed = Feed::default();
        let (tells, heard) = mpsc::channel();
        feed.subscribe(Box::new(move |_| tells.send(()).expect("the test listens")));
        let [committed, lost] = [[(1, "one".into())], [(2, "two".into())]];
        feed.expect(&committed);
        assert!(!feed.tell_found(1, "one"), "the answer is still to come");
        feed.tell_own(&committed, true);
        assert!(feed.tell_found(1, "one"));
        assert_eq!(heard.try_iter().count(), 1, "told once");
        feed.expect(&lost);
        feed.tell_own(&lost, false);
        assert!(feed.tell_found(2, "two"), "it may be another's");
        assert_eq!(heard.try_iter().count(), 2, "told again, since nobody knows");
    }
}
