//! The threads that hash passwords: one for each core, each with its own memory that it keeps, and
//! a short queue, so that a storm of sign-ins takes neither the memory nor the async threads.
//!
//! A job that has begun runs to its end; one whose client has gone before is dropped. Knows no
//! database.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::sync::oneshot;

use super::hash::{self, Fit, Memory};
use super::password::Password;
use super::queue::{Queue, Requester};
use crate::base::error::{Error, Result};

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Too many passwords are being hashed: the page answers 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::Unavailable("too many passwords are waiting to be hashed".into())
    }
}

/// What checking a password found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is not the member's, or there is no such member.
    Wrong,
    /// It is the member's.
    Right {
        /// The hash to store in place of the old one, whose parameters are no longer today's, or
        /// which was made before passwords were normalised.
        rehashed: Option<String>,
    },
}

/// Hashes and checks passwords off the async threads.
pub struct Hasher {
    queue: Arc<Queue<Job>>,
    done: Arc<AtomicU64>,
}

impl Hasher {
    /// Starts a thread for every core. They end with the value; memory is taken at first use.
    pub fn start() -> Result<Self> {
        Self::with_threads(thread::available_parallelism().map_or(1, usize::from))
    }

    fn with_threads(threads: usize) -> Result<Self> {
        let hasher = Self { queue: Arc::default(), done: Arc::default() };
        for _ in 0..threads {
            let queue = Arc::clone(&hasher.queue);
            let work = move || work(&queue);
            thread::Builder::new().name("password".into()).spawn(work).map_err(Error::internal)?;
        }
        Ok(hasher)
    }

    /// The argon2id hash of a new password, as a PHC string.
    pub async fn hash(&self, requester: Requester, password: Password) -> Result<String> {
        self.run(requester, move |memory| hash::make(&password, memory)).await?
    }

    /// Whether `password` is the one that the PHC string `stored` was made from. The work of a wrong
    /// password depends on the password alone, so that time does not tell who is a member
    /// (ASVS 6.3.8): argon2 runs once, and twice where normalisation changes the text, since an
    /// older hash may be of the text as it was typed.
    pub async fn verify(
        &self,
        requester: Requester,
        password: Password,
        stored: Option<String>,
    ) -> Result<Checked, Busy> {
        self.run(requester, move |memory| verify(&password, stored.as_deref(), memory)).await
    }

    /// How many times argon2 has run so far.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    async fn run<T: Send + 'static>(
        &self,
        requester: Requester,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, outcome) = oneshot::channel();
        let done = Arc::clone(&self.done);
        let job: Job = Box::new(move |memory| {
            if answer.is_closed() {
                return;
            }
            let before = memory.runs;
            let outcome = work(memory);
            done.fetch_add(memory.runs - before, Ordering::SeqCst);
            // The client may have gone in the meantime.
            let _ = answer.send(outcome);
        });
        self.queue.push(requester, job)?;
        outcome.await.map_err(|_| Busy)
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// The hash of a new password, made on the caller's thread: for the command line.
pub fn hash_blocking(password: &Password) -> Result<String> {
    hash::make(password, &mut Memory::default())
}

fn work(queue: &Queue<Job>) {
    let mut memory = Memory::default();
    while let Some(job) = queue.pop() {
        // A panic is reported by the hook and answered as busy; the thread must outlive it.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
    }
}

fn verify(password: &Password, stored: Option<&str>, memory: &mut Memory) -> Checked {
    let is_checked = |fit| matches!(fit, Fit::Right | Fit::Stale);
    let normalised = check(password, stored, memory);
    let as_typed = password.as_typed().map(|typed| check(&typed, stored, memory));
    match (normalised, as_typed) {
        (Fit::Right, _) => Checked::Right { rehashed: None },
        (fit, as_typed) if is_checked(fit) || as_typed.is_some_and(is_checked) => {
            Checked::Right { rehashed: hash::make(password, memory).ok() }
        }
        _ => Checked::Wrong,
    }
}

/// How `password` fits; without a hash of ours, the work is that of one.
fn check(password: &Password, stored: Option<&str>, memory: &mut Memory) -> Fit {
    stored.and_then(|phc| hash::check(password, phc, memory)).unwrap_or_else(|| {
        hash::check(password, hash::DUMMY, memory);
        Fit::Wrong
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::net::IpAddr;

    fn password(text: &str) -> Password {
        Password::presented(text.to_owned())
    }

    fn stranger(last: u8) -> Requester {
        Requester::UnknownNetwork(IpAddr::from([192, 0, 2, last]).into())
    }

    #[tokio::test]
    async fn a_password_fits_its_hash_and_nobody_fits_no_hash() {
        let hasher = Hasher::start().expect("threads");
        let verify = |text: &str, stored| hasher.verify(stranger(1), password(text), stored);
        let phc = hasher.hash(stranger(1), password("correct harness")).await.expect("hashed");
        let right = verify("correct harness", Some(phc.clone())).await;
        assert_eq!(right, Ok(Checked::Right { rehashed: None }));
        assert_eq!(verify("wrong", Some(phc)).await, Ok(Checked::Wrong));
        assert_eq!(verify("wrong", None).await, Ok(Checked::Wrong));
        assert_eq!(verify("x", Some("junk".into())).await, Ok(Checked::Wrong));
    }

    #[tokio::test]
    async fn an_old_hash_is_made_anew_when_its_password_comes() {
        let hasher = Hasher::start().expect("threads");
        let verify = |stored| hasher.verify(stranger(1), password("hunter42"), Some(stored));
        let checked = verify(hash::STALE.into()).await;
        let Ok(Checked::Right { rehashed: Some(new) }) = checked else {
            panic!("{checked:?}");
        };
        assert_eq!(verify(new).await, Ok(Checked::Right { rehashed: None }));
    }

    #[tokio::test]
    async fn a_hash_of_a_password_that_was_not_normalised_fits_and_is_made_anew() {
        let hasher = Hasher::start().expect("threads");
        let verify = |text: &str, stored| hasher.verify(stranger(1), password(text), stored);
        // As older versions made it: of the text as it was typed.
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        for (set, typed) in [(decomposed, decomposed), (composed, decomposed), (composed, composed)]
        {
            let old = Password::presented(set.to_owned());
            let old = old.as_typed().unwrap_or(old);
            let old = hash::make(&old, &mut Memory::default()).expect("hashed");
            let checked = verify(typed, Some(old.clone())).await;
            let Ok(Checked::Right { rehashed }) = checked else { panic!("{checked:?}") };
            assert_eq!(rehashed.is_some(), set == decomposed, "{set} {typed}");
            let new = rehashed.unwrap_or(old);
            for typed in [composed, decomposed] {
                let checked = verify(typed, Some(new.clone())).await;
                assert_eq!(checked, Ok(Checked::Right { rehashed: None }), "{typed}");
            }
        }
    }

    #[tokio::test]
    async fn a_wrong_password_costs_the_same_number_of_runs_whoever_it_is_for() {
        let hasher = Hasher::start().expect("threads");
        let phc = hasher.hash(stranger(1), password("correct harness")).await.expect("hashed");
        for (typed, runs) in [("wrong", 1), ("caf\u{e9}", 1), ("cafe\u{301}", 2), ("\u{feff}x", 2)]
        {
            for stored in [None, Some("junk"), Some(&*phc), Some(hash::STALE)] {
                let before = hasher.done();
                let checked =
                    hasher.verify(stranger(1), password(typed), stored.map(str::to_owned));
                assert_eq!(checked.await, Ok(Checked::Wrong));
                assert_eq!(hasher.done() - before, runs, "{typed} {stored:?}");
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_storm_beyond_the_queue_is_turned_away() {
        let hasher = Arc::new(Hasher::with_threads(1).expect("a thread"));
        let storm: Vec<_> = (0..200)
            .map(|n| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(stranger(n), password("x"), None).await })
            })
            .collect();
        let mut busy = 0;
        for attempt in storm {
            busy += u64::from(attempt.await.expect("joined") == Err(Busy));
        }
        assert!(busy > 0, "nobody was turned away");
        assert_eq!(hasher.done(), 200 - busy);
    }

    #[tokio::test]
    async fn a_password_whose_client_has_gone_is_not_hashed() {
        let hasher = Hasher::with_threads(0).expect("no threads");
        // Dropped as soon as it waits.
        let gone = hasher.verify(stranger(1), password("x"), None).now_or_never();
        assert_eq!(gone, None);
        hasher.queue.close();
        work(&hasher.queue);
        assert_eq!(hasher.done(), 0);
    }
}
