//! Tests which connections are closed to make room, and when.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::*;

const LIMITS: Limits = Limits { total: 4, strangers_per_network: 3 };

fn network(last: u8) -> Network {
    IpAddr::from([192, 0, 2, last]).into()
}

fn pass(registry: &Registry, seconds: u32) {
    (0..seconds * TICKS_A_SECOND).for_each(|_| registry.tick());
}

/// A connection from its own network.
fn admit(registry: &Arc<Registry>, last: u8) -> Place {
    let place = registry.admit(network(last)).expect("a place");
    place.connection.await_client();
    place
}

fn idle(place: &Place) {
    place.connection.begin_request(false);
    place.connection.answer(1);
    place.connection.end_request();
    place.connection.drained();
}

/// Idle after a request with a valid key.
fn known(place: &Place) {
    place.connection.mark_genuine();
    idle(place);
}

fn closing(places: &[&Place]) -> Vec<bool> {
    places.iter().map(|place| place.connection.is_closing()).collect()
}

#[test]
fn the_oldest_incomplete_request_is_closed_first() {
    let registry = Registry::new(LIMITS, Ending::default());
    let idle_stranger = admit(&registry, 1);
    idle(&idle_stranger);
    pass(&registry, 1);
    let oldest = admit(&registry, 2);
    pass(&registry, 1);
    let body = admit(&registry, 3);
    body.connection.begin_request(false);
    std::mem::forget(body.connection.reading_body());
    pass(&registry, 1);
    let key = admit(&registry, 4);
    known(&key);
    let fifth = admit(&registry, 5);
    let places = [&idle_stranger, &oldest, &body, &key, &fifth];
    assert_eq!(closing(&places), [false, true, false, false, false]);
    fifth.connection.begin_request(false);
    let sixth = admit(&registry, 6);
    assert_eq!(closing(&places), [false, true, true, false, false]);
    sixth.connection.begin_request(false);
    let _seventh = admit(&registry, 7);
    assert_eq!(closing(&places), [true, true, true, false, false]);
}

#[test]
fn a_request_that_has_just_started_is_closed_after_idle_strangers() {
    let registry = Registry::new(LIMITS, Ending::default());
    let places: Vec<Place> = (1..=4).map(|last| admit(&registry, last)).collect();
    places[1..].iter().for_each(idle);
    registry.tick();
    let more: Vec<Place> = (5..=7).map(|last| admit(&registry, last)).collect();
    let closed = closing(&places.iter().chain(&more).collect::<Vec<_>>());
    assert_eq!(closed, [false, true, true, true, false, false, false]);
    let _eighth = admit(&registry, 8);
    assert!(places[0].connection.is_closing(), "the oldest of the requests that have just started");
}

#[test]
fn no_connection_is_closed_before_its_worker_has_read_from_it() {
    let registry = Registry::new(LIMITS, Ending::default());
    let crowd: Vec<Place> = (0..4).filter_map(|_| registry.admit(network(1)).ok()).collect();
    assert_eq!(crowd.len(), 4, "a network may exceed its share until then");
    assert_eq!(registry.admit(network(2)).err(), Some(NoPlace::Yet), "the listener's limit holds");
    // However long a busy machine takes: the requests may have arrived long ago.
    pass(&registry, HEAD);
    assert_eq!(registry.admit(network(2)).err(), Some(NoPlace::Yet), "nothing may be closed");
    crowd[2].connection.await_client();
    let another = registry.admit(network(2)).expect("a place");
    let crowd: Vec<&Place> = crowd.iter().collect();
    assert_eq!(closing(&crowd), [false, false, true, false]);
    assert!(!another.connection.is_closing());
}

#[tokio::test]
async fn valid_requests_and_requests_in_progress_are_never_closed() {
    let registry = Registry::new(LIMITS, Ending::default());
    let places: Vec<Place> = (1..=4).map(|last| admit(&registry, last)).collect();
    known(&places[0]);
    for place in &places[1..] {
        place.connection.begin_request(false);
    }
    places[1].connection.mark_genuine();
    std::mem::forget(places[1].connection.reading_body());
    pass(&registry, 60);
    let first = registry.admit(network(5));
    assert!(registry.admit_later(network(5), first).await.is_none(), "no connection is closed");
    assert_eq!(closing(&places.iter().collect::<Vec<_>>()), [false; 4]);
    assert_eq!(registry.take_pressure(), (0, 1));
}

#[tokio::test]
async fn a_connection_waits_until_the_workers_have_read_from_new_ones() {
    let registry = Registry::new(LIMITS, Ending::default());
    let places: Vec<Place> =
        (1..=4).filter_map(|last| registry.admit(network(last)).ok()).collect();
    let first = registry.admit(network(5));
    assert!(first.is_err(), "a request may have arrived already");
    let coming = async {
        tokio::time::sleep(RETRY_INTERVAL * 2).await;
        places[1].connection.await_client();
    };
    let (fifth, ()) = tokio::join!(registry.admit_later(network(5), first), coming);
    assert!(fifth.is_some());
    assert_eq!(closing(&places.iter().collect::<Vec<_>>()), [false, true, false, false]);
    assert_eq!(registry.take_pressure(), (1, 0));
}

#[tokio::test]
async fn a_connection_tries_again_although_all_others_were_read_before_it_could_wait() {
    let registry = Registry::new(LIMITS, Ending::default());
    let places: Vec<Place> =
        (1..=4).filter_map(|last| registry.admit(network(last)).ok()).collect();
    let first = registry.admit(network(5));
    for place in &places {
        place.connection.await_client();
    }
    assert!(registry.admit_later(network(5), first).await.is_some());
}

#[test]
fn a_network_that_uses_its_share_is_rejected_without_waiting() {
    let registry = Registry::new(LIMITS, Ending::default());
    let busy: Vec<Place> = (0..3).map(|_| admit(&registry, 1)).collect();
    for place in &busy {
        place.connection.begin_request(false);
    }
    let _new = registry.admit(network(2)).expect("a place");
    let first = registry.admit(network(1));
    let refused = registry.admit_later(network(1), first).now_or_never().expect("no waiting");
    assert!(refused.is_none());
    assert_eq!(registry.take_pressure(), (0, 1));
}

#[test]
fn unknown_clients_of_a_network_share_a_limit_without_known_ones() {
    let registry = Registry::new(Limits { total: 10, strangers_per_network: 2 }, Ending::default());
    let office: Vec<Place> = (0..4).map(|_| admit(&registry, 1)).collect();
    let closed = office.iter().filter(|place| place.connection.is_closing()).count();
    assert_eq!(
        closed, 0,
        "a network may exceed its share while its requests may be about to arrive"
    );
    pass(&registry, 1);
    let late = admit(&registry, 1);
    let closed = office.iter().filter(|place| place.connection.is_closing()).count();
    assert_eq!(closed, 1, "a connection that took too long is closed");
    office.iter().for_each(known);
    known(&late);
    let others: Vec<Place> = (0..2).map(|_| admit(&registry, 1)).collect();
    let elsewhere = admit(&registry, 2);
    pass(&registry, 1);
    let another = admit(&registry, 1);
    assert_eq!(closing(&[&others[0], &others[1], &elsewhere]).iter().filter(|c| **c).count(), 1);
    assert!(!elsewhere.connection.is_closing() && !another.connection.is_closing());
}

#[test]
fn places_are_released_however_a_connection_ends() {
    let registry = Registry::new(LIMITS, Ending::default());
    for round in 0..100 {
        let place = admit(&registry, 1);
        match round % 3 {
            0 => known(&place),
            1 => pass(&registry, HEAD + HEAD_GRACE + 1),
            _ => {}
        }
    }
    let state = registry.state();
    assert_eq!((state.open.len(), state.closing, state.strangers.len()), (0, 0, 0));
}

#[test]
fn idle_strangers_are_closed_early_only_when_places_run_out() {
    let registry = Registry::new(LIMITS, Ending::default());
    let places: Vec<_> = (1..=2).map(|last| admit(&registry, last)).collect();
    places.iter().for_each(idle);
    pass(&registry, STRANGER_IDLE + 1);
    assert!(places.iter().all(|place| !place.connection.is_closing()));
    let third = admit(&registry, 3);
    known(&third);
    pass(&registry, STRANGER_IDLE + 1);
    assert!(places.iter().all(|place| place.connection.is_closing()));
    assert!(!third.connection.is_closing());
}

#[test]
fn connections_are_closed_when_their_time_ends() {
    type Prepare = fn(&Place);
    let cases: [(Prepare, u32); 5] = [
        (|_| (), HEAD + HEAD_GRACE),
        (
            |place| {
                place.connection.mark_genuine();
                place.connection.begin_request(true);
                place.connection.answer(1);
                place.connection.end_request();
                place.connection.drained();
            },
            DRAINING,
        ),
        (idle, IDLE),
        (known, IDLE),
        (
            |place| {
                place.connection.begin_request(false);
                place.connection.answer(1);
            },
            STALLED,
        ),
    ];
    for (prepare, seconds) in cases {
        let registry = Registry::new(LIMITS, Ending::default());
        let place = admit(&registry, 1);
        prepare(&place);
        pass(&registry, seconds);
        assert!(!place.connection.is_closing(), "{seconds} s are allowed");
        registry.tick();
        assert!(place.connection.is_closing(), "no more than {seconds} s");
    }
}

#[test]
fn a_client_that_keeps_reading_a_response_is_not_closed() {
    let registry = Registry::new(LIMITS, Ending::default());
    let place = admit(&registry, 1);
    place.connection.begin_request(false);
    place.connection.answer(1 << 30);
    for _ in 0..10 {
        pass(&registry, STALLED - 1);
        place.connection.progressed();
    }
    assert!(!place.connection.is_closing());
}

#[test]
fn a_request_waits_while_64_kilobytes_of_responses_wait() {
    let registry = Registry::new(LIMITS, Ending::default());
    let place = admit(&registry, 1);
    let connection = &place.connection;
    assert!(connection.may_answer());
    connection.begin_request(false);
    connection.answer(64 * 1024);
    connection.end_request();
    assert!(!connection.may_answer());
    assert!(connection.drained(), "the request that was held back continues");
    assert!(connection.may_answer());
    assert!(!connection.drained());
}
