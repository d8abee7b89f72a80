//! The threads that hash passwords: one a core, each with memory of its own that it keeps, behind
//! a short queue, so that a storm of sign-ins takes neither the memory nor the async threads.
//!
//! A job that has begun runs to its end: a client that goes away frees nothing early. Knows no
//! database.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::hash::{self, Fit, Memory};
use super::password::Password;
use crate::error::{Error, Result};

/// How many passwords may wait beside those that are being hashed.
const QUEUE: usize = 16;

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
    jobs: SyncSender<Job>,
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
        let (jobs, queue) = sync_channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let done = Arc::new(AtomicU64::new(0));
        for _ in 0..threads {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            let work = move || work(&queue, &done);
            thread::Builder::new().name("password".into()).spawn(work).map_err(Error::internal)?;
        }
        Ok(Self { jobs, done })
    }

    /// The argon2id hash of a new password, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<String> {
        self.run(move |memory| hash::make(&password, memory)).await?
    }

    /// Whether `password` is the one that the PHC string `stored` was made from. Without one the
    /// work is the same, so that time does not tell who is a member (ASVS 6.3.8).
    ///
    /// # Errors
    /// When the queue is full.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Checked, Busy> {
        self.run(move |memory| verify(&password, stored.as_deref(), memory)).await
    }

    /// How many passwords have reached argon2 so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, outcome) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // Nobody may be waiting any more.
            let _ = answer.send(work(memory));
        });
        self.jobs.try_send(job).map_err(|_| Busy)?;
        outcome.await.map_err(|_| Busy)
    }
}

/// The hash of a new password, made on the caller's thread: for the command line.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn hash_blocking(password: &Password) -> Result<String> {
    hash::make(password, &mut Memory::new())
}

fn work(queue: &Mutex<Receiver<Job>>, done: &AtomicU64) {
    let mut memory = Memory::new();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        done.fetch_add(1, Ordering::SeqCst);
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

    fn password(text: &str) -> Password {
        Password::presented(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_fits_its_hash_and_nobody_fits_no_hash() {
        let hasher = Hasher::start().expect("threads");
        let phc = hasher.hash(password("correct harness")).await.expect("hashed");
        let right = hasher.verify(password("correct harness"), Some(phc.clone())).await;
        assert_eq!(right, Ok(Checked::Right { rehashed: None }));
        assert_eq!(hasher.verify(password("wrong"), Some(phc)).await, Ok(Checked::Wrong));
        assert_eq!(hasher.verify(password("wrong"), None).await, Ok(Checked::Wrong));
        assert_eq!(hasher.verify(password("x"), Some("junk".into())).await, Ok(Checked::Wrong));
    }

    #[tokio::test]
    async fn an_old_hash_is_made_anew_when_its_password_comes() {
        let hasher = Hasher::start().expect("threads");
        let checked = hasher.verify(password("hunter42"), Some(hash::STALE.into())).await;
        let Ok(Checked::Right { rehashed: Some(new) }) = checked else {
            panic!("{checked:?}");
        };
        let again = hasher.verify(password("hunter42"), Some(new)).await;
        assert_eq!(again, Ok(Checked::Right { rehashed: None }));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_storm_beyond_the_queue_is_turned_away() {
        let hasher = Arc::new(Hasher::with_threads(1).expect("a thread"));
        let storm: Vec<_> = (0..200)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(password("x"), None).await })
            })
            .collect();
        let mut busy = 0;
        for attempt in storm {
            busy += u64::from(attempt.await.expect("joined") == Err(Busy));
        }
        assert!(busy > 0, "nobody was turned away");
        assert_eq!(hasher.done(), 200 - busy);
    }
}
