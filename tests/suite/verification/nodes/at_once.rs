//! One node: no request that starts after the response to a change passes, even under load.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use latchkey::domain::usage::RequestLine;
use latchkey::domain::verification::{ClientAddress, Credential, Question, Requirements, Verdict};

use super::super::{CLIENT, Key};
use super::caller::{Caller, PAUSE, TIMEOUT};
use super::{CHANGES, Change};
use crate::support::{App, Client};

/// How often each kind of change is made.
const ROUNDS: usize = 5;
/// How many requests start after each change.
const REQUESTS: usize = 4_170;
/// How many of them use HTTP. A debug build answers about 3,000 requests in a second.
const HTTP_REQUESTS: usize = 1_000;
/// How many requests a gateway sends before it reads the responses.
const BATCH: usize = 10;

/// 25,000 of the requests use HTTP, pipelined over persistent connections. The others call the
/// verifier in this process, because a debug build would need too long for all of them.
#[test]
fn none_of_100_000_requests_that_start_after_the_response_to_a_change_passes() {
    let app = App::set_up();
    let manager = app.super_manager();
    let counts = Counts::default();
    for change in CHANGES.repeat(ROUNDS) {
        change_under_load(&app, &manager, change, &counts);
    }
    let [http, all, late] = [counts.http, counts.all, counts.late].map(AtomicUsize::into_inner);
    assert!(http >= 25_000 && all >= 100_000, "{http} and {all} are too few");
    assert_eq!(late, 0, "requests passed too late, of {all}");
}

/// Counts requests that started after the response to a change.
#[derive(Default)]
struct Counts {
    http: AtomicUsize,
    all: AtomicUsize,
    /// The requests that passed, which is wrong.
    late: AtomicUsize,
}

/// Creates a key and changes it while several threads ask all the time whether it passes.
fn change_under_load(app: &App, manager: &Client, (query, apply): Change, counts: &Counts) {
    let key = Key::new(manager, &[]);
    let http: [SendBatch; 3] = std::array::from_fn(|_| over_http(app, query, &key));
    let in_process: [SendBatch; 2] = std::array::from_fn(|_| in_process(app, query, &key));
    let is_answered = AtomicBool::new(false);
    let [until_http, until_all] = [(&counts.http, HTTP_REQUESTS), (&counts.all, REQUESTS)]
        .map(|(count, more)| count.load(Ordering::SeqCst) + more);
    // Sends batches until enough requests have started after the response.
    let send_batches = &|mut send: SendBatch, is_http: bool| {
        let (count, until) =
            if is_http { (&counts.http, until_http) } else { (&counts.all, until_all) };
        let begun = Instant::now();
        while count.load(Ordering::SeqCst) < until {
            assert!(begun.elapsed() < TIMEOUT, "the change gets no response");
            let was_answered = is_answered.load(Ordering::SeqCst);
            let passed = send();
            if was_answered {
                counts.late.fetch_add(passed, Ordering::SeqCst);
                counts.all.fetch_add(BATCH, Ordering::SeqCst);
                counts.http.fetch_add(BATCH * usize::from(is_http), Ordering::SeqCst);
            } else {
                // Leaves processor time to the change.
                std::thread::sleep(PAUSE);
            }
        }
    };
    std::thread::scope(|scope| {
        for (senders, is_http) in [(http.into(), true), (Vec::from(in_process), false)] {
            for mut send in senders {
                assert_eq!(send(), BATCH, "the key passes before the change");
                scope.spawn(move || send_batches(send, is_http));
            }
        }
        apply(&key, manager);
        is_answered.store(true, Ordering::SeqCst);
    });
}

/// Sends [`BATCH`] requests and returns how many passed.
type SendBatch<'a> = Box<dyn FnMut() -> usize + Send + 'a>;

/// Sends over a connection of its own, without waiting between requests.
fn over_http<'a>(app: &App, query: &str, key: &Key) -> SendBatch<'a> {
    let mut caller = Caller::new(&app.url, query, &key.secret);
    Box::new(move || {
        caller.send(BATCH);
        (0..BATCH).filter(|_| caller.read_status() == 200).count()
    })
}

/// Calls the verifier directly.
fn in_process<'a>(app: &'a App, query: &str, key: &Key) -> SendBatch<'a> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let query = query.to_owned();
    let from = ClientAddress::Known(CLIENT.parse().expect("an address"));
    let bearer = format!("Bearer {}", key.secret);
    let passes = move || {
        let question = Question {
            credential: Credential::read([bearer.as_bytes()]),
            requirements: Requirements::read(&query).expect("a valid query"),
            from,
            request: &RequestLine::default,
        };
        let verdict = app.verifier.verify(question, app.site.clock.now());
        matches!(runtime.block_on(verdict), Ok(Verdict::Pass(_)))
    };
    Box::new(move || (0..BATCH).filter(|_| passes()).count())
}
