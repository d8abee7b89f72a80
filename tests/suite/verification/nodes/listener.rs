//! A PostgreSQL node that loses the connection over which it receives changes.

use std::time::{Duration, Instant};

use super::super::{Key, authorize, code, pass};
use super::caller::{p99_and_worst, propagation_delay, wait_until};
use super::proxy::{Connections, Proxy};
use super::{MAX_DELAY, P99_DELAY, REVOCATIONS, revocation_delay, wait_until_current};
use crate::support::{App, Client, is_postgres};

/// Two nodes, of which `there` reaches the database through a proxy, and a manager at `here`. The
/// proxy is dropped first, so that nothing waits for it.
pub struct Nodes {
    pub proxy: Proxy,
    pub manager: Client,
    pub there: App,
    pub here: App,
}

impl Nodes {
    /// `None` on SQLite, where there is no connection to lose.
    pub fn new() -> Option<Self> {
        if !is_postgres() {
            return None;
        }
        let here = App::set_up();
        let (proxy, through) = Proxy::to(&here.database.location);
        let there = here.second_node_at(&through);
        wait_until_current(&there);
        Some(Self { proxy, manager: here.super_manager(), there, here })
    }

    pub fn is_current(&self) -> bool {
        self.there.site.db.is_current()
    }
}

#[test]
fn the_connection_that_receives_changes_has_its_own_application_name() {
    let Some(nodes) = Nodes::new() else { return };
    let names = "SELECT DISTINCT application_name AS text FROM pg_stat_activity \
        WHERE datname = current_database() ORDER BY 1";
    assert_eq!(nodes.here.texts(names), ["latchkey", "latchkey changes"]);
}

#[test]
fn a_listener_that_is_disconnected_repeatedly_still_receives_changes_in_time() {
    let Some(nodes) = Nodes::new() else { return };
    let mut delays = Vec::new();
    for round in 0..REVOCATIONS {
        let key = Key::new(&nodes.manager, &[]);
        let delay = propagation_delay(&nodes.there.url, &key.secret, || {
            if round % 2 == 0 {
                nodes.proxy.hang_up(Connections::Listener);
            }
            key.revoke(&nodes.manager);
            if round % 2 == 1 {
                nodes.proxy.hang_up(Connections::Listener);
            }
        });
        delays.push(delay);
    }
    assert!(nodes.proxy.listeners() > REVOCATIONS / 2, "the node reconnected each time");
    let (p99, worst) = p99_and_worst(delays);
    assert!(p99 <= P99_DELAY && worst <= MAX_DELAY, "p99 {p99:?}, worst {worst:?}");
}

#[test]
fn the_cache_expires_with_its_lease_when_the_listener_is_silent_and_a_new_one_connects() {
    let Some(nodes) = Nodes::new() else { return };
    let steady = Key::new(&nodes.manager, &[]);
    for _ in 0..2 {
        let listeners = nodes.proxy.listeners();
        let key = Key::new(&nodes.manager, &[]);
        let delay = propagation_delay(&nodes.there.url, &key.secret, || {
            nodes.proxy.freeze(Connections::Listener);
            key.revoke(&nodes.manager);
        });
        assert!(delay <= MAX_DELAY, "{delay:?}");
        assert_correct_without_cache(&nodes, &steady);
        let outdated_for = wait_until_current(&nodes.there);
        assert!(outdated_for <= Duration::from_secs(6), "{outdated_for:?}");
        assert!(nodes.proxy.listeners() > listeners, "the node opened another connection");
        let delay = revocation_delay(&nodes.manager, &nodes.there.url);
        assert!(delay <= P99_DELAY, "{delay:?}");
    }
}

#[test]
fn a_listener_that_was_silent_for_a_while_is_trusted_again() {
    let Some(nodes) = Nodes::new() else { return };
    let steady = Key::new(&nodes.manager, &[]);
    assert_eq!(authorize(&nodes.there, "", &steady.secret), pass());
    nodes.proxy.freeze(Connections::Listener);
    let revoked = Key::new(&nodes.manager, &[]);
    assert_eq!(authorize(&nodes.there, "", &revoked.secret), pass());
    revoked.revoke(&nodes.manager);
    wait_until("the lease expires", || !nodes.is_current());
    assert_correct_without_cache(&nodes, &steady);
    let thawed = Instant::now();
    nodes.proxy.thaw();
    wait_until_current(&nodes.there);
    assert!(thawed.elapsed() <= MAX_DELAY, "{:?}", thawed.elapsed());
    for _ in 0..3 {
        assert_eq!(authorize(&nodes.there, "", &revoked.secret), code(401, "key_revoked"));
        assert_eq!(authorize(&nodes.there, "", &steady.secret), pass());
    }
}

/// Asserts that changes take effect immediately while the node reads every key from the database.
fn assert_correct_without_cache(nodes: &Nodes, steady: &Key) {
    let key = Key::new(&nodes.manager, &[]);
    assert_eq!(authorize(&nodes.there, "", &key.secret), pass());
    key.revoke(&nodes.manager);
    assert_eq!(authorize(&nodes.there, "", &key.secret), code(401, "key_revoked"));
    assert_eq!(authorize(&nodes.there, "", &steady.secret), pass());
    assert!(!nodes.is_current(), "the node was current again before the end of this check");
}
