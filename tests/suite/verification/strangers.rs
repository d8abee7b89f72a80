//! Who presents secret keys that do not exist is slowed down; genuine keys are not.

use std::time::{Duration, Instant};

use super::wire::Request;
use super::{CLIENT, Key, by_hand, code, outcome, pass, stranger, told};
use crate::support::App;

/// So many secret keys that do not exist a network may have looked up at once.
const LOOK_UPS: usize = 100;
const HIDE: &str = "ALTER TABLE api_key_secrets RENAME TO elsewhere";
const BRING_BACK: &str = "ALTER TABLE elsewhere RENAME TO api_key_secrets";

fn told_from(app: &App, address: &str, secret: &str) -> (u16, String) {
    let request = Request::new(&app.url, "GET", "/v1/authorize").from(address);
    outcome(&request.bearer(secret).send())
}

/// Uses up the look-ups of the network of [`CLIENT`], until strangers from it cost none: while
/// there is nothing to look into, whoever is looked up is undecided.
fn exhaust(app: &App) {
    for _ in 0..LOOK_UPS {
        assert_eq!(told(app, "", &stranger()), code(401, "invalid_key"));
    }
    let began = Instant::now();
    loop {
        // Asked for the first time, this starts to read which secret keys there are.
        assert_eq!(told(app, "", &stranger()), code(401, "invalid_key"));
        by_hand(app, HIDE);
        let answer = told_from(app, CLIENT, &stranger());
        by_hand(app, BRING_BACK);
        if answer == code(401, "invalid_key") {
            return;
        }
        assert_eq!(answer, code(503, "unavailable"));
        assert!(began.elapsed() < Duration::from_secs(20), "strangers are looked up without end");
    }
}

#[test]
fn a_network_that_presents_many_unknown_secrets_costs_no_more_look_ups() {
    let app = App::set_up();
    let manager = app.super_manager();
    let [remembered, cold] = [(); 2].map(|()| Key::new(&manager, &[]));
    assert_eq!(told(&app, "", &remembered.secret), pass());
    exhaust(&app);
    by_hand(&app, HIDE);
    for _ in 0..50 {
        assert_eq!(told_from(&app, CLIENT, &stranger()), code(401, "invalid_key"));
    }
    // Another network still has its look-ups, and genuine keys have theirs in any case.
    for (address, secret) in [("198.51.100.9", stranger()), (CLIENT, cold.secret.clone())] {
        assert_eq!(told_from(&app, address, &secret), code(503, "unavailable"), "it is looked up");
    }
    assert_eq!(told(&app, "", &remembered.secret), pass());
    by_hand(&app, BRING_BACK);
    assert_eq!(told(&app, "", &cold.secret), pass());
    assert_eq!(told(&app, "scope=no:scope", &cold.secret), code(403, "scope_missing"));
}

#[test]
fn a_key_made_after_an_attack_has_begun_passes_from_the_same_network_at_once() {
    let app = App::set_up();
    let manager = app.super_manager();
    exhaust(&app);
    for _ in 0..20 {
        let key = Key::new(&manager, &[]);
        assert_eq!(told(&app, "", &key.secret), pass());
        key.revoke(&manager);
        assert_eq!(told(&app, "", &key.secret), code(401, "key_revoked"));
        assert_eq!(told(&app, "", &stranger()), code(401, "invalid_key"));
    }
}

#[test]
fn a_network_gets_its_look_ups_back_with_time() {
    let app = App::set_up();
    exhaust(&app);
    app.advance(latchkey::base::clock::MINUTE);
    by_hand(&app, HIDE);
    for _ in 0..LOOK_UPS {
        assert_eq!(told_from(&app, CLIENT, &stranger()), code(503, "unavailable"));
    }
    assert_eq!(told_from(&app, CLIENT, &stranger()), code(401, "invalid_key"));
    by_hand(&app, BRING_BACK);
}

#[test]
fn genuine_keys_use_up_no_look_ups() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..20).map(|_| Key::new(&manager, &[])).collect();
    for round in 0..10 {
        for key in &keys {
            // Forgotten each time, so that it is looked up each time.
            let edit = [("notes", if round % 2 == 0 { "even" } else { "odd" })];
            assert_eq!(told(&app, "", &key.secret), pass());
            if round < 9 {
                key.edit(&manager, &edit);
            }
        }
    }
    by_hand(&app, HIDE);
    assert_eq!(told_from(&app, CLIENT, &stranger()), code(503, "unavailable"), "it is looked up");
    by_hand(&app, BRING_BACK);
}

#[test]
fn one_secret_that_does_not_exist_may_be_presented_by_many_at_once() {
    let app = App::set_up();
    let unknown = stranger();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(told(&app, "", &unknown), code(401, "invalid_key"));
                }
            });
        }
    });
}
