//! Disabling and enabling a key take effect from the next request on.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::{Key, authorize, authorize_request, code, pass};
use crate::support::App;

/// How many threads send requests at the same time.
const CALLERS: usize = 4;

#[test]
fn a_disabled_key_does_not_pass_after_the_response_and_passes_again_right_after_enabling() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (mut late, mut denied) = (0, 0);
    for _ in 0..25 {
        let key = Key::new(&manager, &[]);
        // Using the key first puts it into every cache.
        for _ in 0..3 {
            assert_eq!(authorize(&app, "", &key.secret), pass());
        }
        key.disable(&manager);
        late += u32::from(authorize(&app, "", &key.secret) != code(401, "key_disabled"));
        key.enable(&manager);
        denied += u32::from(authorize(&app, "", &key.secret) != pass());
    }
    assert_eq!(late, 0, "requests passed after the key was disabled");
    assert_eq!(denied, 0, "requests were denied after the key was enabled");
}

#[test]
fn a_key_that_was_not_cached_when_it_was_disabled_does_not_pass_either() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    key.disable(&manager);
    for query in ["", "scope=a:b", "scope=orders:read&environment=staging"] {
        assert_eq!(authorize(&app, query, &key.secret), code(401, "key_disabled"), "{query}");
    }
    // Whoever guesses does not learn that the key exists.
    let forged = key.forged(20, "stranger");
    assert_eq!(authorize(&app, "", &forged), code(401, "invalid_key"));
}

/// Calls `change` while several threads ask whether a key passes. Returns how many of the requests
/// that started after it had returned got another status than `expected`.
fn late_answers(app: &App, key: &Key, expected: u16, change: impl FnOnce()) -> u32 {
    let (is_changed, late) = (AtomicBool::new(false), AtomicU32::new(0));
    let started = Barrier::new(CALLERS + 1);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let request = authorize_request(app, "").bearer(&key.secret);
                request.send();
                started.wait();
                let mut sent_after = 0;
                while sent_after < 20 {
                    let was_changed = is_changed.load(Ordering::SeqCst);
                    let is_late = request.send().status != expected && was_changed;
                    late.fetch_add(u32::from(is_late), Ordering::SeqCst);
                    sent_after += u32::from(was_changed);
                }
            });
        }
        started.wait();
        change();
        is_changed.store(true, Ordering::SeqCst);
    });
    late.into_inner()
}

#[test]
fn no_request_that_starts_after_the_response_is_answered_as_before_under_load() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    for _ in 0..5 {
        let late = late_answers(&app, &key, 401, || key.disable(&manager));
        assert_eq!(late, 0, "requests passed too late");
        let late = late_answers(&app, &key, 200, || key.enable(&manager));
        assert_eq!(late, 0, "requests were denied too late");
    }
}
