//! The end of serving: clients are told that their connections close before that happens, so that
//! they send nothing into a connection that is being closed (RFC 9112, 9.6).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// For how long clients are told, before those connections are closed that nothing was asked on.
const TOLD_FOR: Duration = Duration::from_secs(1);
/// How often it is looked whether any are left.
const LOOK: Duration = Duration::from_millis(20);

/// Whether serving ends; one for all listeners.
#[derive(Clone, Default)]
pub struct Ending(Arc<State>);

#[derive(Default)]
struct State {
    has_begun: AtomicBool,
    open: AtomicUsize,
}

impl Ending {
    /// Has each answer say that its connection closes, until none is left or a second has gone by.
    pub async fn announce(&self) {
        self.0.has_begun.store(true, Relaxed);
        let all_closed = async {
            while self.0.open.load(Relaxed) > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        // Otherwise the listeners close what is idle.
        let _ = tokio::time::timeout(TOLD_FOR, all_closed).await;
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.has_begun.load(Relaxed)
    }

    pub(super) fn opened(&self) {
        self.0.open.fetch_add(1, Relaxed);
    }

    pub(super) fn closed(&self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}
