//! A key that is disabled at one node stops at the others as soon as a revoked one, and passes again
//! once it is enabled.

use latchkey::base::clock::{Clock, HOUR};

use super::super::process::Process;
use super::super::{Key, authorize, code, pass};
use super::caller::{Caller, p99_and_worst, propagation_delay, wait_until};
use super::{MAX_DELAY, P99_DELAY, REVOCATIONS, wait_until_current};
use crate::support::{App, NOW};

#[test]
fn a_key_disabled_at_one_node_stops_at_another_and_passes_again_once_it_is_enabled() {
    let here = App::set_up();
    let there = here.second_node();
    wait_until_current(&there);
    let manager = here.super_manager();
    let key = Key::new(&manager, &[]);
    let mut delays = Vec::new();
    for _ in 0..REVOCATIONS {
        let change = || key.disable(&manager);
        delays.push(propagation_delay(&there.url, &key.secret, change));
        for node in [&here, &there] {
            assert_eq!(authorize(node, "", &key.secret), code(401, "key_disabled"));
        }
        key.enable(&manager);
        assert_eq!(authorize(&here, "", &key.secret), pass());
        let passes = || authorize(&there, "", &key.secret) == pass();
        let took = wait_until("the key passes at the other node", passes);
        assert!(took <= MAX_DELAY, "{took:?}");
    }
    let (p99, worst) = p99_and_worst(delays);
    assert!(p99 <= P99_DELAY && worst <= MAX_DELAY, "p99 {p99:?}, worst {worst:?}");
}

#[test]
fn a_key_disabled_in_one_process_stops_in_another_on_the_same_file() {
    let process = Process::start(&[]);
    let app = App::with_database_file(process.database(), process.keyring());
    app.advance(Clock::System.now().since(NOW));
    wait_until_current(&app);
    let manager = app.super_manager();
    for (manager, url) in [(&manager, &process.programs), (&process.manager, &app.url)] {
        for _ in 0..10 {
            let key = Key::new(manager, &[]);
            let delay = propagation_delay(url, &key.secret, || key.disable(manager));
            assert!(delay <= P99_DELAY, "{delay:?}");
            key.enable(manager);
            let mut caller = Caller::new(url, "", &key.secret);
            let took = wait_until("the key passes again", || caller.request() == 200);
            assert!(took <= MAX_DELAY, "{took:?}");
        }
    }
}

#[test]
fn a_key_that_is_due_at_one_node_passes_at_the_other_too() {
    let here = App::set_up();
    let there = here.second_node();
    wait_until_current(&there);
    let manager = here.super_manager();
    let key = Key::new(&manager, &[]);
    let path = format!("/api-keys/{}/disable", key.id);
    let fields = [("reason", "The partner was told"), ("until", "1h")];
    assert_eq!(manager.submit(&path, &fields).status, 303);
    let denied = code(401, "key_disabled");
    wait_until("the other node denies it", || authorize(&there, "", &key.secret) == denied);
    here.advance(HOUR);
    here.run_due();
    let passes = || authorize(&there, "", &key.secret) == pass();
    let took = wait_until("the key passes at the other node", passes);
    assert!(took <= MAX_DELAY, "{took:?}");
}
