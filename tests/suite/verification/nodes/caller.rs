//! A gateway that keeps its connection and asks the same all the time, and how late it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::CLIENT;

/// How long a test waits before it has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How many gateways ask at once.
const CALLERS: usize = 3;
/// How often each is refused, without a pass in between, before the last pass counts as the last.
const REFUSALS: u32 = 20;

/// What a gateway does in between: three that do nothing else would keep a small machine so busy
/// that its scheduler is what is measured.
pub const PACE: Duration = Duration::from_millis(1);

/// Cheap enough to ask tens of thousands of times.
pub struct Caller {
    connection: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Caller {
    /// Asks the server at `url` whether a request that bears `secret` may pass.
    pub fn new(url: &str, query: &str, secret: &str) -> Self {
        let host = url.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(host).expect("connected");
        stream.set_nodelay(true).expect("an option");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let request = format!(
            "GET /v1/authorize?{query} HTTP/1.1\r\nHost: {host}\r\n\
             X-Forwarded-For: {CLIENT}\r\nAuthorization: Bearer {secret}\r\n\r\n"
        );
        Self { connection: BufReader::new(stream), request: request.into_bytes() }
    }

    /// Asks once; the status of the answer.
    pub fn ask(&mut self) -> u16 {
        self.ask_often(1);
        self.answer()
    }

    /// Asks so often without waiting for an answer.
    pub fn ask_often(&mut self, times: usize) {
        let requests = self.request.repeat(times);
        self.connection.get_mut().write_all(&requests).expect("sent");
    }

    /// The status of the next answer.
    pub fn answer(&mut self) -> u16 {
        let (mut line, mut status, mut length) = (String::new(), None, 0);
        loop {
            line.clear();
            assert_ne!(self.connection.read_line(&mut line).expect("an answer"), 0, "hung up");
            let text = line.trim_end();
            if status.is_none() {
                status = text.get(9..12).and_then(|digits| digits.parse().ok());
                assert!(status.is_some(), "{text}");
            } else if let Some(bytes) = text.strip_prefix("content-length: ") {
                length = bytes.parse().expect("a length");
            } else if text.is_empty() {
                break;
            }
        }
        self.connection.read_exact(&mut vec![0; length]).expect("the body");
        status.expect("a status")
    }
}

/// How long after `change` was answered the last request passed at `url`. Several gateways ask all
/// along; the server has the key in memory when the change begins.
pub fn lateness(url: &str, secret: &str, change: impl FnOnce()) -> Duration {
    let callers = [(); CALLERS].map(|()| {
        let mut caller = Caller::new(url, "", secret);
        assert_eq!(caller.ask(), 200);
        caller
    });
    let is_answered = AtomicBool::new(false);
    let (answered, last_pass) = std::thread::scope(|scope| {
        let asking = callers.map(|caller| scope.spawn(|| last_pass(caller, &is_answered)));
        change();
        let answered = Instant::now();
        is_answered.store(true, Ordering::SeqCst);
        let passes = asking.into_iter().map(|asking| asking.join().expect("it went well"));
        (answered, passes.flatten().max())
    });
    last_pass.unwrap_or(answered).saturating_duration_since(answered)
}

/// Asks until nothing passes any more, and returns when the last answer came that let it pass.
fn last_pass(mut caller: Caller, is_answered: &AtomicBool) -> Option<Instant> {
    let begun = Instant::now();
    let (mut passed, mut refusals) = (None, 0);
    while refusals < REFUSALS {
        assert!(begun.elapsed() < PATIENCE, "it still passes");
        std::thread::sleep(PACE);
        match (caller.ask(), is_answered.load(Ordering::SeqCst)) {
            (200, _) => (passed, refusals) = (Some(Instant::now()), 0),
            (401, true) => refusals += 1,
            (401, false) => {}
            (status, _) => panic!("{status}"),
        }
    }
    passed
}

/// Of many latenesses, the one that 99 in 100 do not exceed, and the worst.
pub fn p99_and_worst(mut latenesses: Vec<Duration>) -> (Duration, Duration) {
    assert!(latenesses.len() >= 100, "too few to say");
    latenesses.sort_unstable();
    (latenesses[latenesses.len() * 99 / 100 - 1], latenesses[latenesses.len() - 1])
}

/// Waits until `is_so`, which must come to be.
pub fn in_the_end(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    began.elapsed()
}
