//! A PostgreSQL node that loses its database: its cache is valid until its lease expires, it
//! recovers, and it does not block other nodes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use latchkey::db::Announcement;
use latchkey::domain::settings;

use super::super::{Key, authorize, authorize_request, code, outcome, pass};
use super::caller::{Caller, PAUSE, TIMEOUT, wait_until};
use super::listener::Nodes;
use super::proxy::{Connections, OnConnect, Proxy};
use super::{MAX_DELAY, wait_until_current};
use crate::support::PASSWORD;

/// How long a single request may wait for a database that does not respond.
pub const MAX_WAIT: Duration = Duration::from_secs(4);

#[test]
fn a_node_without_its_database_decides_only_until_its_lease_expires() {
    lose_and_recover(|proxy| {
        proxy.on_connect(OnConnect::Refuse);
        proxy.hang_up(Connections::All);
    });
}

#[test]
fn a_node_whose_database_does_not_respond_decides_only_until_its_lease_expires() {
    lose_and_recover(|proxy| {
        proxy.on_connect(OnConnect::Silence);
        proxy.freeze(Connections::All);
    });
}

#[test]
fn a_node_whose_new_connections_hang_decides_only_until_its_lease_expires() {
    lose_and_recover(|proxy| {
        proxy.on_connect(OnConnect::HandshakeOnly);
        proxy.hang_up(Connections::All);
    });
}

fn lose_and_recover(fail: fn(&Proxy)) {
    let Some(nodes) = Nodes::new() else { return };
    let (sender, announcements) = mpsc::channel();
    nodes.there.site.db.subscribe(move |announcement| {
        if let Announcement::Changed(what) = announcement {
            drop(sender.send(what.to_owned()));
        }
    });
    let [steady, revoked, unread, marker] = [(); 4].map(|()| Key::new(&nodes.manager, &[]));
    marker.revoke(&nodes.manager);
    let mut times = 0;
    wait_until("the last announcement arrives, so that no other makes it read a key again", || {
        times += announcements.try_iter().filter(|what| *what == marker.id).count();
        times == 2
    });
    wait_until_current(&nodes.there);
    for key in [&steady, &revoked] {
        assert_eq!(authorize(&nodes.there, "", &key.secret), pass());
    }
    fail(&nodes.proxy);
    let lost = Instant::now();
    let is_done = AtomicBool::new(false);
    let responses = std::thread::scope(|scope| {
        let gateway = scope.spawn(|| request_until(&nodes.there.url, &steady.secret, &is_done));
        revoked.revoke(&nodes.manager);
        wait_until("the lease expires", || !nodes.is_current());
        for key in [&unread, &revoked, &steady] {
            let began = Instant::now();
            let response = authorize_request(&nodes.there, "").bearer(&key.secret).send();
            assert_eq!(outcome(&response), code(503, "unavailable"));
            assert!(began.elapsed() <= MAX_WAIT, "{:?}", began.elapsed());
        }
        assert_eq!(
            authorize(&nodes.here, "", &steady.secret),
            pass(),
            "the other node has its database"
        );
        is_done.store(true, Ordering::SeqCst);
        gateway.join().expect("every request got a response")
    });
    let passes = responses.iter().take_while(|(_, status)| *status == 200).count();
    assert!(passes > 10, "requests pass until the lease expires");
    assert!(responses[passes - 1].0.duration_since(lost) <= MAX_DELAY);
    let rest = &responses[passes..];
    assert!(!rest.is_empty(), "requests fail once the lease has expired");
    assert!(rest.iter().all(|(_, status)| *status == 503), "no request passes after that");
    // Existing connections stay broken.
    nodes.proxy.on_connect(OnConnect::Forward);
    wait_until("the node recovers", || is_decided(&nodes, &unread));
    wait_until_current(&nodes.there);
    for _ in 0..3 {
        assert_eq!(authorize(&nodes.there, "", &revoked.secret), code(401, "key_revoked"));
        assert_eq!(authorize(&nodes.there, "", &steady.secret), pass());
    }
    assert_eq!(nodes.there.anonymous().get("/readyz").status, 200);
    nodes.here.member("noor@meridianfreight.example", true, &[]);
    let fields = [("email", "noor@meridianfreight.example"), ("password", PASSWORD)];
    let noor = nodes.there.anonymous();
    wait_until("the node writes again", || match noor.submit("/sign-in", &fields).status {
        303 => true,
        status => {
            assert_eq!(status, 503);
            false
        }
    });
}

#[test]
fn a_node_that_is_disconnected_while_it_writes_does_not_block_other_writes() {
    let Some(nodes) = Nodes::new() else { return };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let written = nodes.there.site.db.write_blocking(|tx| {
                nodes.proxy.freeze(Connections::All);
                settings::get(tx).map(drop)
            });
            assert!(written.is_err(), "the write fails");
        });
        wait_until("the node writes", || !nodes.proxy.is_forwarding());
        let write = || nodes.here.site.db.write_blocking(|tx| settings::get(tx).map(drop));
        let began = Instant::now();
        let was_blocked = write().is_err();
        while write().is_err() && began.elapsed() < TIMEOUT {}
        let waited = began.elapsed();
        // Before the assertions, because the thread waits for this.
        nodes.proxy.hang_up(Connections::All);
        nodes.proxy.thaw();
        assert!(was_blocked, "the test does not block other writes");
        assert!(waited <= Duration::from_secs(8), "{waited:?}");
    });
}

/// Sends requests until `is_done` is set or the test has failed. Returns the time and the status of
/// each response.
fn request_until(url: &str, secret: &str, is_done: &AtomicBool) -> Vec<(Instant, u16)> {
    let mut caller = Caller::new(url, "", secret);
    let mut responses = Vec::new();
    let began = Instant::now();
    while !is_done.load(Ordering::SeqCst) && began.elapsed() < TIMEOUT {
        std::thread::sleep(PAUSE);
        let status = caller.request();
        responses.push((Instant::now(), status));
    }
    responses
}

/// Whether a key passes. Every other response must be 503.
fn is_decided(nodes: &Nodes, key: &Key) -> bool {
    let response = authorize_request(&nodes.there, "").bearer(&key.secret).send();
    if response.status == 200 {
        return true;
    }
    assert_eq!(outcome(&response), code(503, "unavailable"));
    false
}
