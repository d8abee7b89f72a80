//! The end of serving: responses announce that their connections will close before that happens, so
//! that clients do not send into a closing connection (RFC 9112, 9.6).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// How long closing is announced before connections without a request are closed.
const ANNOUNCEMENT: Duration = Duration::from_secs(1);
/// The interval between checks whether connections are left.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Whether serving is ending; shared by all listeners.
#[derive(Clone, Default)]
pub struct Ending(Arc<State>);

#[derive(Default)]
struct State {
    has_begun: AtomicBool,
    open: AtomicUsize,
}

impl Ending {
    /// Makes each response announce that its connection closes, until none is left or a second has
    /// passed.
    pub async fn announce(&self) {
        self.0.has_begun.store(true, Relaxed);
        let all_closed = async {
            while self.0.open.load(Relaxed) > 0 {
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        };
        // The listeners close the remaining idle connections.
        let _ = tokio::time::timeout(ANNOUNCEMENT, all_closed).await;
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
