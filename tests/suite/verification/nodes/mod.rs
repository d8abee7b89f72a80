//! What is changed at one node counts there at once, and very soon at the others.

mod at_once;
mod background;
mod caller;
mod gone;
mod listener;
mod proxy;
mod slow;
mod unconfirmed;

use std::time::Duration;

use latchkey::base::clock::Clock;

use super::process::Process;
use super::{Key, code, pass, told};
use crate::support::{App, Client, NOW, replaced};
use caller::{in_the_end, lateness, p99_and_worst};

/// 99 in 100 changes are heard of within this.
const SOON: Duration = Duration::from_millis(250);
/// And every one within this, whatever fails.
const LATEST: Duration = Duration::from_secs(2);
const REVOCATIONS: usize = 100;

/// What takes something away from a key, and a request that may pass until then.
type Change = (&'static str, fn(&Key, &Client));

const CHANGES: [Change; 4] = [
    ("", |key, manager| drop(key.revoke(manager))),
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
    is_current_in_the_end(&there);
    let manager = here.super_manager();
    let latenesses = (0..REVOCATIONS).map(|_| revoked_at(&manager, &there.url)).collect();
    let (p99, worst) = p99_and_worst(latenesses);
    assert!(p99 <= SOON && worst <= LATEST, "p99 {p99:?}, worst {worst:?}");
}

#[test]
fn a_key_edited_at_one_node_is_another_key_at_the_other() {
    let here = App::set_up();
    let there = here.second_node();
    is_current_in_the_end(&there);
    let manager = here.super_manager();
    for (query, apply) in CHANGES {
        let key = Key::new(&manager, &[]);
        assert_eq!(told(&there, query, &key.secret), pass());
        apply(&key, &manager);
        let changed = told(&here, query, &key.secret);
        assert_ne!(changed, pass());
        let took =
            in_the_end("it is changed there", || told(&there, query, &key.secret) == changed);
        assert!(took <= LATEST, "{took:?}");
    }
}

#[test]
fn a_role_edited_at_one_node_counts_at_the_other() {
    let here = App::set_up();
    let there = here.second_node();
    is_current_in_the_end(&there);
    let manager = here.super_manager();
    let role = [("name", "Billing"), ("scopes", "orders:read"), ("scopes", "orders:write")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    let key = Key::new(&manager, &[("role", "billing")]);
    assert_eq!(told(&there, "scope=orders:write", &key.secret), pass());
    let mut form = manager.get("/roles/billing/edit").form_fields("#edit form");
    form.retain(|(_, value)| value != "orders:write");
    let asked = manager.post("/roles/billing/edit", &replaced(&form, &[]));
    let form = asked.form_fields("#edit form");
    assert_eq!(manager.post("/roles/billing/edit", &replaced(&form, &[])).status, 303);
    let refused = code(403, "scope_missing");
    let took = in_the_end("it is refused there", || {
        told(&there, "scope=orders:write", &key.secret) == refused
    });
    assert!(took <= LATEST, "{took:?}");
}

#[test]
fn a_key_revoked_in_one_process_stops_in_another_on_the_same_file() {
    let process = Process::start(&[]);
    let app = App::beside(process.database(), process.keyring());
    app.advance(Clock::System.now().since(NOW));
    is_current_in_the_end(&app);
    let manager = app.super_manager();
    for _ in 0..10 {
        for (manager, url) in [(&manager, &process.programs), (&process.manager, &app.url)] {
            let late = revoked_at(manager, url);
            assert!(late <= SOON, "{late:?}");
        }
    }
}

/// How long a key that `manager` revokes still passes at the server at `url`.
fn revoked_at(manager: &Client, url: &str) -> Duration {
    let key = Key::new(manager, &[]);
    lateness(url, &key.secret, || drop(key.revoke(manager)))
}

/// Waits until a node may answer from memory.
fn is_current_in_the_end(node: &App) -> Duration {
    in_the_end("it hears of changes", || node.site.db.is_current())
}
