//! One node: no request that starts after the answer to a change passes, however many there are.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use latchkey::domain::usage::RequestLine;
use latchkey::domain::verification::{ClientAddress, Presented, Question, Verdict, Wanted};

use super::super::{CLIENT, Key};
use super::caller::{Caller, PACE, PATIENCE};
use super::{CHANGES, Change};
use crate::support::{App, Client};

/// How many times each kind of change is made.
const ROUNDS: usize = 6;
/// How many requests start after each change, and how many of these through HTTP: a debug build
/// answers some 3,000 a second.
const ENOUGH: usize = 4_170;
const ENOUGH_HTTP: usize = 1_000;
/// How many requests a gateway sends before it looks for answers.
const AT_ONCE: usize = 10;

/// 24,000 of the requests come through HTTP, pipelined over connections that are kept; for the time
/// that a debug build takes, the others ask the verifier behind it in this process.
#[test]
fn of_100_000_requests_that_start_after_the_answer_to_a_change_none_passes() {
    let app = App::set_up();
    let manager = app.super_manager();
    let counts = Counts::default();
    for change in CHANGES.repeat(ROUNDS) {
        hammer_through(&app, &manager, change, &counts);
    }
    let [http, all, late] = [counts.http, counts.all, counts.late].map(AtomicUsize::into_inner);
    assert!(http >= 24_000 && all >= 100_000, "{http} and {all} are too few");
    assert_eq!(late, 0, "late passes of {all}");
}

/// Of the requests that started after an answer.
#[derive(Default)]
struct Counts {
    http: AtomicUsize,
    all: AtomicUsize,
    /// Those that passed.
    late: AtomicUsize,
}

/// Makes a key and changes it, while many ask without a pause whether it may pass.
fn hammer_through(app: &App, manager: &Client, (query, apply): Change, counts: &Counts) {
    let key = Key::new(manager, &[]);
    let http: [Ask; 3] = std::array::from_fn(|_| over_http(app, query, &key));
    let in_process: [Ask; 2] = std::array::from_fn(|_| in_process(app, query, &key));
    let is_answered = AtomicBool::new(false);
    let [until_http, until_all] = [(&counts.http, ENOUGH_HTTP), (&counts.all, ENOUGH)]
        .map(|(count, more)| count.load(Ordering::SeqCst) + more);
    // Asks until there have been enough.
    let ask_on = &|mut ask: Ask, is_http: bool| {
        let (count, until) =
            if is_http { (&counts.http, until_http) } else { (&counts.all, until_all) };
        let begun = Instant::now();
        while count.load(Ordering::SeqCst) < until {
            assert!(begun.elapsed() < PATIENCE, "the change is not answered");
            let was_answered = is_answered.load(Ordering::SeqCst);
            let passed = ask();
            if was_answered {
                counts.late.fetch_add(passed, Ordering::SeqCst);
                counts.all.fetch_add(AT_ONCE, Ordering::SeqCst);
                counts.http.fetch_add(AT_ONCE * usize::from(is_http), Ordering::SeqCst);
            } else {
                // The change is to be answered, too.
                std::thread::sleep(PACE);
            }
        }
    };
    std::thread::scope(|scope| {
        for (asks, is_http) in [(http.into(), true), (Vec::from(in_process), false)] {
            for mut ask in asks {
                assert_eq!(ask(), AT_ONCE, "it may pass until then");
                scope.spawn(move || ask_on(ask, is_http));
            }
        }
        apply(&key, manager);
        is_answered.store(true, Ordering::SeqCst);
    });
}

/// Asks [`AT_ONCE`] times, and returns how often it passed.
type Ask<'a> = Box<dyn FnMut() -> usize + Send + 'a>;

/// Asks over a connection of its own, without waiting for answers in between.
fn over_http<'a>(app: &App, query: &str, key: &Key) -> Ask<'a> {
    let mut caller = Caller::new(&app.url, query, &key.secret);
    Box::new(move || {
        caller.ask_often(AT_ONCE);
        (0..AT_ONCE).filter(|_| caller.answer() == 200).count()
    })
}

/// Asks the verifier itself.
fn in_process<'a>(app: &'a App, query: &str, key: &Key) -> Ask<'a> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let query = query.to_owned();
    let from = ClientAddress::Known(CLIENT.parse().expect("an address"));
    let bearer = format!("Bearer {}", key.secret);
    let passes = move || {
        let question = Question {
            presented: Presented::read([bearer.as_bytes()]),
            wanted: Wanted::read(&query).expect("understood"),
            from,
            request: &RequestLine::default,
        };
        let verdict = app.verifier.verify(question, app.site.clock.now());
        matches!(runtime.block_on(verdict), Ok(Verdict::Pass(_)))
    };
    Box::new(move || (0..AT_ONCE).filter(|_| passes()).count())
}
