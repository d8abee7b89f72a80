//! A PostgreSQL node whose connection for hearing of changes fails.

use std::time::{Duration, Instant};

use super::super::{Key, code, pass, told};
use super::caller::{in_the_end, lateness, p99_and_worst};
use super::proxy::{Proxy, Which};
use super::{LATEST, REVOCATIONS, SOON, is_current_in_the_end, revoked_at};
use crate::support::{App, Client, is_postgres};

/// A node, another that reaches the database through a proxy and hears of changes, and who manages
/// the keys at the first. The proxy goes first, so that nothing waits for it.
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
        is_current_in_the_end(&there);
        Some(Self { proxy, manager: here.super_manager(), there, here })
    }

    pub fn is_current(&self) -> bool {
        self.there.site.db.is_current()
    }
}

#[test]
fn operators_can_tell_the_connection_that_hears_of_changes() {
    let Some(nodes) = Nodes::new() else { return };
    let names = "SELECT DISTINCT application_name AS text FROM pg_stat_activity \
        WHERE datname = current_database() ORDER BY 1";
    assert_eq!(nodes.here.texts(names), ["latchkey", "latchkey changes"]);
}

#[test]
fn a_listener_that_is_cut_off_again_and_again_still_hears_soon() {
    let Some(nodes) = Nodes::new() else { return };
    let mut latenesses = Vec::new();
    for round in 0..REVOCATIONS {
        let key = Key::new(&nodes.manager, &[]);
        let late = lateness(&nodes.there.url, &key.secret, || {
            if round % 2 == 0 {
                nodes.proxy.hang_up(Which::Listener);
            }
            key.revoke(&nodes.manager);
            if round % 2 == 1 {
                nodes.proxy.hang_up(Which::Listener);
            }
        });
        latenesses.push(late);
    }
    assert!(nodes.proxy.listeners() > REVOCATIONS / 2, "it was cut off and came again");
    let (p99, worst) = p99_and_worst(latenesses);
    assert!(p99 <= SOON && worst <= LATEST, "p99 {p99:?}, worst {worst:?}");
}

#[test]
fn with_a_silent_listener_memory_ends_with_its_lease_and_a_new_one_is_found() {
    let Some(nodes) = Nodes::new() else { return };
    let steady = Key::new(&nodes.manager, &[]);
    for _ in 0..2 {
        let listeners = nodes.proxy.listeners();
        let key = Key::new(&nodes.manager, &[]);
        let late = lateness(&nodes.there.url, &key.secret, || {
            nodes.proxy.freeze(Which::Listener);
            key.revoke(&nodes.manager);
        });
        assert!(late <= LATEST, "{late:?}");
        is_right_without_memory(&nodes, &steady);
        let deaf = is_current_in_the_end(&nodes.there);
        assert!(deaf <= Duration::from_secs(6), "{deaf:?}");
        assert!(nodes.proxy.listeners() > listeners, "the silent one stays silent");
        let late = revoked_at(&nodes.manager, &nodes.there.url);
        assert!(late <= SOON, "{late:?}");
    }
}

#[test]
fn a_listener_that_was_silent_for_a_while_is_relied_on_again() {
    let Some(nodes) = Nodes::new() else { return };
    let steady = Key::new(&nodes.manager, &[]);
    assert_eq!(told(&nodes.there, "", &steady.secret), pass());
    nodes.proxy.freeze(Which::Listener);
    let gone = Key::new(&nodes.manager, &[]);
    assert_eq!(told(&nodes.there, "", &gone.secret), pass());
    gone.revoke(&nodes.manager);
    in_the_end("the lease lapses", || !nodes.is_current());
    is_right_without_memory(&nodes, &steady);
    let thawed = Instant::now();
    nodes.proxy.thaw();
    is_current_in_the_end(&nodes.there);
    assert!(thawed.elapsed() <= LATEST, "{:?}", thawed.elapsed());
    for _ in 0..3 {
        assert_eq!(told(&nodes.there, "", &gone.secret), code(401, "key_revoked"));
        assert_eq!(told(&nodes.there, "", &steady.secret), pass());
    }
}

/// While memory may not be relied on, every change counts at once, since the database is asked.
fn is_right_without_memory(nodes: &Nodes, steady: &Key) {
    let key = Key::new(&nodes.manager, &[]);
    assert_eq!(told(&nodes.there, "", &key.secret), pass());
    key.revoke(&nodes.manager);
    assert_eq!(told(&nodes.there, "", &key.secret), code(401, "key_revoked"));
    assert_eq!(told(&nodes.there, "", &steady.secret), pass());
    assert!(!nodes.is_current(), "it was too slow to say");
}
