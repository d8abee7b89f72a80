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
use crate::error::{Error, Result};

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
        /// The hash to store in place of the old one, whose parameters are no longer today's.
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
    ///
    /// # Errors
    /// When the operating system gives no thread.
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
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the requester's lane is full.
    pub async fn hash(&self, requester: Requester, password: Password) -> Result<String> {
        self.run(requester, move |memory| hash::make(&password, memory)).await?
    }

    /// Whether `password` is the one that the PHC string `stored` was made from. Without one the
    /// work is the same, so that time does not tell who is a member (ASVS 6.3.8).
    ///
    /// # Errors
    /// When the requester's lane is full.
    pub async fn verify(
        &self,
        requester: Requester,
        password: Password,
        stored: Option<String>,
    ) -> Result<Checked, Busy> {
        self.run(requester, move |memory| verify(&password, stored.as_deref(), memory)).await
    }

    /// How many passwords have reached argon2 so far.
    #[must_use]
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
            done.fetch_add(1, Ordering::SeqCst);
            // The client may have gone in the meantime.
            let _ = answer.send(work(memory));
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
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn hash_blocking(password: &Password) -> Result<String> {
    hash::make(password, &mut Memory::new())
}

fn work(queue: &Queue<Job>) {
    let mut memory = Memory::new();
    while let Some(job) = queue.pop() {
        // A panic is reported by the hook and answered as busy; the thread must outlive it.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
    }
}

fn verify(password: &Password, stored: Option<&str>, memory: &mut Memory) -> Checked {
    match stored.and_then(|phc| hash::check(password, phc, memory)) {
        Some(Fit::Right) => Checked::Right { rehashed: None },
        Some(Fit::Stale) => Checked::Right { rehashed: hash::make(password, memory).ok() },
        Some(Fit::Wrong) => Checked::Wrong,
        None => {
            hash::check(password, hash::DUMMY, memory);
            Checked::Wrong
        }
    }
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
