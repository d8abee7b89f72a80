//! Networks that present unknown secret keys get a limited number of look-ups. Valid keys are not
//! affected.

use std::time::{Duration, Instant};

use super::wire::Request;
use super::{CLIENT, Key, authorize, code, outcome, pass, run_sql, unknown_secret};
use crate::support::App;

/// How many unknown secret keys of one network are looked up before its limit applies.
const LOOK_UPS: usize = 100;
const HIDE: &str = "ALTER TABLE api_key_secrets RENAME TO elsewhere";
const RESTORE: &str = "ALTER TABLE elsewhere RENAME TO api_key_secrets";

fn authorize_from(app: &App, address: &str, secret: &str) -> (u16, String) {
    let request = Request::new(&app.url, "GET", "/v1/authorize").from(address);
    outcome(&request.bearer(secret).send())
}

/// Uses up the look-ups of [`CLIENT`]'s network. While the table of secrets is hidden, an unknown
/// secret that is still looked up gets 503, and one that is not gets 401.
fn exhaust(app: &App) {
    for _ in 0..LOOK_UPS {
        assert_eq!(authorize(app, "", &unknown_secret()), code(401, "invalid_key"));
    }
    let began = Instant::now();
    loop {
        // The first request beyond the limit makes the server load the digests of all secret keys.
        assert_eq!(authorize(app, "", &unknown_secret()), code(401, "invalid_key"));
        run_sql(app, HIDE);
        let response = authorize_from(app, CLIENT, &unknown_secret());
        run_sql(app, RESTORE);
        if response == code(401, "invalid_key") {
            return;
        }
        assert_eq!(response, code(503, "unavailable"));
        assert!(began.elapsed() < Duration::from_secs(20), "unknown secrets are still looked up");
    }
}

#[test]
fn a_network_that_presents_many_unknown_secrets_causes_no_more_look_ups() {
    let app = App::set_up();
    let manager = app.super_manager();
    let [cached, uncached] = [(); 2].map(|()| Key::new(&manager, &[]));
    assert_eq!(authorize(&app, "", &cached.secret), pass());
    exhaust(&app);
    run_sql(&app, HIDE);
    for _ in 0..50 {
        assert_eq!(authorize_from(&app, CLIENT, &unknown_secret()), code(401, "invalid_key"));
    }
    // The limit does not apply to other networks and to valid keys.
    for (address, secret) in [("198.51.100.9", unknown_secret()), (CLIENT, uncached.secret.clone())]
    {
        assert_eq!(
            authorize_from(&app, address, &secret),
            code(503, "unavailable"),
            "it is looked up"
        );
    }
    assert_eq!(authorize(&app, "", &cached.secret), pass());
    run_sql(&app, RESTORE);
    assert_eq!(authorize(&app, "", &uncached.secret), pass());
    assert_eq!(authorize(&app, "scope=no:scope", &uncached.secret), code(403, "scope_missing"));
}

#[test]
fn a_key_created_during_an_attack_passes_immediately_from_the_same_network() {
    let app = App::set_up();
    let manager = app.super_manager();
    exhaust(&app);
    for _ in 0..20 {
        let key = Key::new(&manager, &[]);
        assert_eq!(authorize(&app, "", &key.secret), pass());
        key.revoke(&manager);
        assert_eq!(authorize(&app, "", &key.secret), code(401, "key_revoked"));
        assert_eq!(authorize(&app, "", &unknown_secret()), code(401, "invalid_key"));
    }
}

#[test]
fn a_network_gets_its_look_ups_back_with_time() {
    let app = App::set_up();
    exhaust(&app);
    app.advance(latchkey::base::clock::MINUTE);
    run_sql(&app, HIDE);
    for _ in 0..LOOK_UPS {
        assert_eq!(authorize_from(&app, CLIENT, &unknown_secret()), code(503, "unavailable"));
    }
    assert_eq!(authorize_from(&app, CLIENT, &unknown_secret()), code(401, "invalid_key"));
    run_sql(&app, RESTORE);
}

#[test]
fn valid_keys_use_up_no_look_ups() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..20).map(|_| Key::new(&manager, &[])).collect();
    for round in 0..10 {
        for key in &keys {
            // The edit removes the key from the cache, so that each use looks it up.
            let edit = [("notes", if round % 2 == 0 { "even" } else { "odd" })];
            assert_eq!(authorize(&app, "", &key.secret), pass());
            if round < 9 {
                key.edit(&manager, &edit);
            }
        }
    }
    run_sql(&app, HIDE);
    assert_eq!(
        authorize_from(&app, CLIENT, &unknown_secret()),
        code(503, "unavailable"),
        "it is looked up"
    );
    run_sql(&app, RESTORE);
}

#[test]
fn many_threads_may_present_the_same_unknown_secret() {
    let app = App::set_up();
    let unknown = unknown_secret();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(authorize(&app, "", &unknown), code(401, "invalid_key"));
                }
            });
        }
    });
}
