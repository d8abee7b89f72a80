//! A PostgreSQL node that loses its database: what it knows counts for its lease, it recovers, and
//! the others are not held up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use latchkey::domain::settings;

use super::super::{Key, asked, code, outcome, pass, told};
use super::caller::{Caller, PACE, PATIENCE, in_the_end};
use super::listener::Nodes;
use super::proxy::{Proxy, Welcome, Which};
use super::{LATEST, is_current_in_the_end};
use crate::support::PASSWORD;

/// The longest that a single request may wait for a database that says nothing.
pub const LONGEST: Duration = Duration::from_secs(4);

#[test]
fn without_its_database_a_node_answers_for_its_lease_and_then_not_at_all() {
    lose_and_recover(|proxy| {
        proxy.welcome(Welcome::Refuse);
        proxy.hang_up(Which::All);
    });
}

#[test]
fn with_a_database_that_says_nothing_a_node_answers_for_its_lease_and_then_not_at_all() {
    lose_and_recover(|proxy| {
        proxy.welcome(Welcome::Silence);
        proxy.freeze(Which::All);
    });
}

#[test]
fn connections_that_hang_while_they_are_made_are_given_up_as_well() {
    lose_and_recover(|proxy| {
        proxy.welcome(Welcome::Greet);
        proxy.hang_up(Which::All);
    });
}

fn lose_and_recover(fail: fn(&Proxy)) {
    let Some(nodes) = Nodes::new() else { return };
    let [steady, revoked, unread, marker] = [(); 4].map(|()| Key::new(&nodes.manager, &[]));
    assert_eq!(told(&nodes.there, "", &marker.secret), pass());
    marker.revoke(&nodes.manager);
    let refused = || told(&nodes.there, "", &marker.secret) == code(401, "key_revoked");
    in_the_end("it has heard of all keys, and forgets none of them again", refused);
    for key in [&steady, &revoked] {
        assert_eq!(told(&nodes.there, "", &key.secret), pass());
    }
    fail(&nodes.proxy);
    let lost = Instant::now();
    let is_over = AtomicBool::new(false);
    let answers = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask_until(&nodes.there.url, &steady.secret, &is_over));
        revoked.revoke(&nodes.manager);
        in_the_end("the lease lapses", || !nodes.is_current());
        for key in [&unread, &revoked, &steady] {
            let began = Instant::now();
            let answer = asked(&nodes.there, "").bearer(&key.secret).send();
            assert_eq!(outcome(&answer), code(503, "unavailable"));
            assert!(began.elapsed() <= LONGEST, "{:?}", began.elapsed());
        }
        assert_eq!(told(&nodes.here, "", &steady.secret), pass(), "the other has its database");
        is_over.store(true, Ordering::SeqCst);
        asking.join().expect("it was answered")
    });
    let passes = answers.iter().take_while(|(_, status)| *status == 200).count();
    assert!(passes > 10, "there is a lease");
    assert!(answers[passes - 1].0.duration_since(lost) <= LATEST);
    let rest = &answers[passes..];
    assert!(!rest.is_empty() && rest.iter().all(|(_, status)| *status == 503), "nothing else");
    // What was connected before stays as it is.
    nodes.proxy.welcome(Welcome::Serve);
    in_the_end("it recovers", || told_if_decided(&nodes, &unread).is_some());
    is_current_in_the_end(&nodes.there);
    for _ in 0..3 {
        assert_eq!(told(&nodes.there, "", &revoked.secret), code(401, "key_revoked"));
        assert_eq!(told(&nodes.there, "", &steady.secret), pass());
    }
    assert_eq!(nodes.there.anonymous().get("/readyz").status, 200);
    nodes.here.member("noor@meridianfreight.example", true, &[]);
    let fields = [("email", "noor@meridianfreight.example"), ("password", PASSWORD)];
    let noor = nodes.there.anonymous();
    in_the_end("it writes again", || match noor.submit("/sign-in", &fields).status {
        303 => true,
        status => {
            assert_eq!(status, 503);
            false
        }
    });
}

#[test]
fn a_node_that_is_cut_off_while_it_writes_does_not_keep_the_others_from_writing() {
    let Some(nodes) = Nodes::new() else { return };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let written = nodes.there.site.db.write_blocking(|tx| {
                nodes.proxy.freeze(Which::All);
                settings::get(tx).map(drop)
            });
            assert!(written.is_err(), "nothing was written");
        });
        in_the_end("it writes", || !nodes.proxy.serves());
        let write = || nodes.here.site.db.write_blocking(|tx| settings::get(tx).map(drop));
        let began = Instant::now();
        let is_held_up = write().is_err();
        while write().is_err() && began.elapsed() < PATIENCE {}
        let waited = began.elapsed();
        // Before anything is said: the thread waits for it.
        nodes.proxy.hang_up(Which::All);
        nodes.proxy.thaw();
        assert!(is_held_up, "there is nothing to see");
        assert!(waited <= Duration::from_secs(8), "{waited:?}");
    });
}

/// Asks until it `is_over`, or a test has failed: when each answer came, and its status.
fn ask_until(url: &str, secret: &str, is_over: &AtomicBool) -> Vec<(Instant, u16)> {
    let mut caller = Caller::new(url, "", secret);
    let mut answers = Vec::new();
    let began = Instant::now();
    while !is_over.load(Ordering::SeqCst) && began.elapsed() < PATIENCE {
        std::thread::sleep(PACE);
        let status = caller.ask();
        answers.push((Instant::now(), status));
    }
    answers
}

/// Whether there is a decision on a key that may pass, which must be that one.
fn told_if_decided(nodes: &Nodes, key: &Key) -> Option<()> {
    let answer = asked(&nodes.there, "").bearer(&key.secret).send();
    if answer.status == 200 {
        return Some(());
    }
    assert_eq!(outcome(&answer), code(503, "unavailable"));
    None
}
