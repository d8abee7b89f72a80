//! The threads that hash passwords: one for each core, each with its own reusable memory, and a
//! short queue. This way a burst of sign-ins exhausts neither the memory nor the async threads.
//!
//! A job that has started always finishes; a job whose client disconnected before the start is
//! dropped. Does not depend on the database.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::sync::oneshot;

use super::hash::{self, Memory, PasswordMatch};
use super::password::Password;
use super::queue::{Queue, Requester};
use crate::base::error::{Error, Result};

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Too many passwords are waiting to be hashed; the page responds with status 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::Unavailable("too many passwords are waiting to be hashed".into())
    }
}

/// The result of checking a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password does not match, or there is no such member.
    Wrong,
    /// The password matches.
    Right {
        /// The hash to store instead of the old one, if the old one has outdated parameters or was
        /// made before passwords were normalised.
        rehashed: Option<String>,
    },
}

/// Hashes and checks passwords off the async threads.
pub struct Hasher {
    queue: Arc<Queue<Job>>,
    done: Arc<AtomicU64>,
}

impl Hasher {
    /// Starts a thread for every core. The threads end when the value is dropped. Memory is
    /// allocated at first use.
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

    /// Whether the PHC string `stored` was made from `password`. The work for a wrong password
    /// depends only on the password, so that the response time does not reveal who is a member (ASVS
    /// 6.3.8). argon2 runs once, or twice if normalisation changes the text, because an older hash
    /// may be of the text as typed.
    pub async fn verify(
        &self,
        requester: Requester,
        password: Password,
        stored: Option<String>,
    ) -> Result<PasswordCheck, Busy> {
        self.run(requester, move |memory| verify(&password, stored.as_deref(), memory)).await
    }

    /// How often argon2 has run so far.
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
            // The client may have disconnected in the meantime.
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

/// Hashes a new password on the caller's thread, for the command line.
pub fn hash_blocking(password: &Password) -> Result<String> {
    hash::make(password, &mut Memory::default())
}

fn work(queue: &Queue<Job>) {
    let mut memory = Memory::default();
    while let Some(job) = queue.pop() {
        // The panic hook reports a panic, and the caller gets [`Busy`]. The thread must keep
        // running.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
    }
}

fn verify(password: &Password, stored: Option<&str>, memory: &mut Memory) -> PasswordCheck {
    let is_match = |fit| matches!(fit, PasswordMatch::Right | PasswordMatch::Stale);
    let normalised = check(password, stored, memory);
    let as_typed = password.as_typed().map(|typed| check(&typed, stored, memory));
    match (normalised, as_typed) {
        (PasswordMatch::Right, _) => PasswordCheck::Right { rehashed: None },
        (fit, as_typed) if is_match(fit) || as_typed.is_some_and(is_match) => {
            PasswordCheck::Right { rehashed: hash::make(password, memory).ok() }
        }
        _ => PasswordCheck::Wrong,
    }
}

/// Whether `password` matches. Without a usable hash, this does the same work as with one.
fn check(password: &Password, stored: Option<&str>, memory: &mut Memory) -> PasswordMatch {
    stored.and_then(|phc| hash::check(password, phc, memory)).unwrap_or_else(|| {
        hash::check(password, hash::DUMMY_HASH, memory);
        PasswordMatch::Wrong
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
    async fn only_the_right_password_matches_and_a_missing_hash_never_matches() {
        let hasher = Hasher::start().expect("threads");
        let verify = |text: &str, stored| hasher.verify(stranger(1), password(text), stored);
        let phc = hasher.hash(stranger(1), password("correct harness")).await.expect("hashed");
        let right = verify("correct harness", Some(phc.clone())).await;
        assert_eq!(right, Ok(PasswordCheck::Right { rehashed: None }));
        assert_eq!(verify("wrong", Some(phc)).await, Ok(PasswordCheck::Wrong));
        assert_eq!(verify("wrong", None).await, Ok(PasswordCheck::Wrong));
        assert_eq!(verify("x", Some("junk".into())).await, Ok(PasswordCheck::Wrong));
    }

    #[tokio::test]
    async fn an_old_hash_is_replaced_when_its_password_is_verified() {
        let hasher = Hasher::start().expect("threads");
        let verify = |stored| hasher.verify(stranger(1), password("hunter42"), Some(stored));
        let checked = verify(hash::STALE.into()).await;
        let Ok(PasswordCheck::Right { rehashed: Some(new) }) = checked else {
            panic!("{checked:?}");
        };
        assert_eq!(verify(new).await, Ok(PasswordCheck::Right { rehashed: None }));
    }

    #[tokio::test]
    async fn a_hash_of_a_password_that_was_not_normalised_matches_and_is_replaced() {
        let hasher = Hasher::start().expect("threads");
        let verify = |text: &str, stored| hasher.verify(stranger(1), password(text), stored);
        // As older versions made it: from the text as typed.
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        for (set, typed) in [(decomposed, decomposed), (composed, decomposed), (composed, composed)]
        {
            let old = Password::presented(set.to_owned());
            let old = old.as_typed().unwrap_or(old);
            let old = hash::make(&old, &mut Memory::default()).expect("hashed");
            let checked = verify(typed, Some(old.clone())).await;
            let Ok(PasswordCheck::Right { rehashed }) = checked else { panic!("{checked:?}") };
            assert_eq!(rehashed.is_some(), set == decomposed, "{set} {typed}");
            let new = rehashed.unwrap_or(old);
            for typed in [composed, decomposed] {
                let checked = verify(typed, Some(new.clone())).await;
                assert_eq!(checked, Ok(PasswordCheck::Right { rehashed: None }), "{typed}");
            }
        }
    }

    #[tokio::test]
    async fn a_wrong_password_costs_the_same_number_of_runs_for_any_stored_hash() {
        let hasher = Hasher::start().expect("threads");
        let phc = hasher.hash(stranger(1), password("correct harness")).await.expect("hashed");
        for (typed, runs) in [("wrong", 1), ("caf\u{e9}", 1), ("cafe\u{301}", 2), ("\u{feff}x", 2)]
        {
            for stored in [None, Some("junk"), Some(&*phc), Some(hash::STALE)] {
                let before = hasher.done();
                let checked =
                    hasher.verify(stranger(1), password(typed), stored.map(str::to_owned));
                assert_eq!(checked.await, Ok(PasswordCheck::Wrong));
                assert_eq!(hasher.done() - before, runs, "{typed} {stored:?}");
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_burst_longer_than_the_queue_is_answered_as_busy() {
        let hasher = Arc::new(Hasher::with_threads(1).expect("a thread"));
        let burst: Vec<_> = (0..200)
            .map(|n| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(stranger(n), password("x"), None).await })
            })
            .collect();
        let mut busy = 0;
        for attempt in burst {
            busy += u64::from(attempt.await.expect("joined") == Err(Busy));
        }
        assert!(busy > 0, "every request was accepted");
        assert_eq!(hasher.done(), 200 - busy);
    }

    #[tokio::test]
    async fn a_password_whose_client_has_disconnected_is_not_hashed() {
        let hasher = Hasher::with_threads(0).expect("no threads");
        // Dropped as soon as it is queued.
        let result = hasher.verify(stranger(1), password("x"), None).now_or_never();
        assert_eq!(result, None);
        hasher.queue.close();
        work(&hasher.queue);
        assert_eq!(hasher.done(), 0);
    }
}
