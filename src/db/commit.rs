//! The progress of a write: whether its COMMIT was sent decides which error to report if no answer
//! arrives.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::base::error::{Error, Result};

const OPEN: u8 = 0;
const SENT: u8 = 1;
const ABANDONED: u8 = 2;

/// The state of one write, shared by the thread that does the work and the thread that waits for
/// it.
#[derive(Debug, Default)]
pub(super) struct Commit(AtomicU8);

impl Commit {
    /// Claims the right to send COMMIT; `false` if the write was abandoned.
    pub(super) fn begin(&self) -> bool {
        self.0.compare_exchange(OPEN, SENT, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Prevents a COMMIT that has not been sent yet.
    pub(super) fn abandon(&self) {
        let _ = self.0.compare_exchange(OPEN, ABANDONED, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Records that the transaction was certainly rolled back.
    pub(super) fn rolled_back(&self) {
        self.0.store(ABANDONED, Ordering::Release);
    }

    /// Returns `result`, with an error that shows whether the write may have been committed.
    pub(super) fn classify<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(error) if self.0.load(Ordering::Acquire) == SENT => {
                Err(Error::Unconfirmed(error.to_string()))
            }
            result => result,
        }
    }
}

tokio::task_local! {
    static HAS_WRITTEN: Cell<bool>;
}

/// Runs `work`, and returns whether a [`super::Db::write`] in it was committed or may have been.
/// Writes in a nested call of this function do not count.
pub async fn track_writes<F: Future>(work: F) -> (F::Output, bool) {
    let noted = async {
        let output = work.await;
        (output, HAS_WRITTEN.with(Cell::get))
    };
    HAS_WRITTEN.scope(Cell::new(false), noted).await
}

/// Records a write for [`track_writes`], if the caller uses it.
pub(super) fn record<T>(result: &Result<T>) {
    if matches!(result, Ok(_) | Err(Error::Unconfirmed(_))) {
        let _ = HAS_WRITTEN.try_with(|written| written.set(true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Result<()> {
        Err(Error::Unavailable("it does not answer".into()))
    }

    #[test]
    fn a_write_that_was_abandoned_first_is_never_committed() {
        let commit = Commit::default();
        commit.abandon();
        assert!(!commit.begin());
        assert!(matches!(commit.classify(lost()), Err(Error::Unavailable(_))));
    }

    #[test]
    fn a_write_whose_commit_was_sent_may_have_been_committed() {
        let commit = Commit::default();
        assert!(commit.begin());
        commit.abandon();
        assert!(matches!(commit.classify(lost()), Err(Error::Unconfirmed(_))));
        commit.rolled_back();
        assert!(matches!(commit.classify(lost()), Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn only_writes_that_may_have_been_committed_are_noted() {
        let unconfirmed = || Err(Error::Unconfirmed(String::new()));
        for (result, is_noted) in [(Ok(()), true), (lost(), false), (unconfirmed(), true)] {
            let ((), noted) = track_writes(async { record(&result) }).await;
            assert_eq!(noted, is_noted, "{result:?}");
            let (((), _), outside) = track_writes(track_writes(async { record(&result) })).await;
            assert!(!outside, "the outer call does not see the write");
        }
    }
}
