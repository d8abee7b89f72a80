//! A change at one node takes effect there immediately, and at the others within moments.

mod at_once;
mod background;
mod caller;
mod disabled;
mod gone;
mod listener;
mod proxy;
mod slow;
mod unconfirmed;

use std::time::Duration;

use latchkey::base::clock::Clock;

use super::process::Process;
use super::{Key, authorize, code, pass};
use crate::support::{App, Client, NOW, replaced};
use caller::{p99_and_worst, propagation_delay, wait_until};

/// Other nodes apply 99 of 100 changes within this time.
const P99_DELAY: Duration = Duration::from_millis(250);
/// Other nodes apply every change within this time, whatever fails.
const MAX_DELAY: Duration = Duration::from_secs(2);
const REVOCATIONS: usize = 100;

/// The query of a request that passes at first, and a change after which it no longer does.
type Change = (&'static str, fn(&Key, &Client));

const CHANGES: [Change; 5] = [
    ("", |key, manager| drop(key.revoke(manager))),
    ("", |key, manager| key.disable(manager)),
    ("scope=orders:write", |key, manager| key.edit(manager, &[("role", "read-only")])),
    ("scope=orders:write", |key, manager| {
        key.edit(manager, &[("access", "selected"), ("scopes", "orders:read")]);
    }),
    ("", |key, manager| key.edit(manager, &[("ip_whitelist", "198.51.100.77")])),
];

#[test]
fn a_key_revoked_at_one_node_stops_at_another_within_a_quarter_of_a_second() {
    let here = App::set_up();
    let there = here.second_node();
    wait_until_current(&there);
    let manager = here.super_manager();
    let delays = (0..REVOCATIONS).map(|_| revocation_delay(&manager, &there.url)).collect();
    let (p99, worst) = p99_and_worst(delays);
    assert!(p99 <= P99_DELAY && worst <= MAX_DELAY, "p99 {p99:?}, worst {worst:?}");
}

#[test]
fn an_edit_of_a_key_at_one_node_takes_effect_at_the_other() {
    let here = App::set_up();
    let there = here.second_node();
    wait_until_current(&there);
    let manager = here.super_manager();
    for (query, apply) in CHANGES {
        let key = Key::new(&manager, &[]);
        assert_eq!(authorize(&there, query, &key.secret), pass());
        apply(&key, &manager);
        let changed = authorize(&here, query, &key.secret);
        assert_ne!(changed, pass());
        let took =
            wait_until("the change arrives", || authorize(&there, query, &key.secret) == changed);
        assert!(took <= MAX_DELAY, "{took:?}");
    }
}

#[test]
fn an_edit_of_a_role_at_one_node_takes_effect_at_the_other() {
    let here = App::set_up();
    let there = here.second_node();
    wait_until_current(&there);
    let manager = here.super_manager();
    let role = [("name", "Billing"), ("scopes", "orders:read"), ("scopes", "orders:write")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    let key = Key::new(&manager, &[("role", "billing")]);
    assert_eq!(authorize(&there, "scope=orders:write", &key.secret), pass());
    let mut form = manager.get("/roles/billing/edit").form_fields("#edit form");
    form.retain(|(_, value)| value != "orders:write");
    let preview = manager.post("/roles/billing/edit", &replaced(&form, &[]));
    let form = preview.form_fields("#edit form");
    assert_eq!(manager.post("/roles/billing/edit", &replaced(&form, &[])).status, 303);
    let denied = code(403, "scope_missing");
    let took = wait_until("the other node denies it", || {
        authorize(&there, "scope=orders:write", &key.secret) == denied
    });
    assert!(took <= MAX_DELAY, "{took:?}");
}

#[test]
fn a_key_revoked_in_one_process_stops_in_another_on_the_same_file() {
    let process = Process::start(&[]);
    let app = App::with_database_file(process.database(), process.keyring());
    app.advance(Clock::System.now().since(NOW));
    wait_until_current(&app);
    let manager = app.super_manager();
    for _ in 0..10 {
        for (manager, url) in [(&manager, &process.programs), (&process.manager, &app.url)] {
            let delay = revocation_delay(manager, url);
            assert!(delay <= P99_DELAY, "{delay:?}");
        }
    }
}

/// How long a key still passes at the server at `url` after `manager` has revoked it.
fn revocation_delay(manager: &Client, url: &str) -> Duration {
    let key = Key::new(manager, &[]);
    propagation_delay(url, &key.secret, || drop(key.revoke(manager)))
}

/// Waits until a node may decide from its cache.
fn wait_until_current(node: &App) -> Duration {
    wait_until("the node receives changes", || node.site.db.is_current())
}
