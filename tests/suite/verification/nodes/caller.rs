//! A gateway that repeats a request over one connection, and how soon it notices a change.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::CLIENT;

/// How long a test waits before it fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// How many gateways send requests at the same time.
const CALLERS: usize = 3;
/// After how many denials in a row a gateway assumes that no further request passes.
const DENIALS: u32 = 20;

/// How long a gateway waits between requests. Without the pause, three gateways would keep a small
/// machine so busy that the test would measure its scheduler.
pub const PAUSE: Duration = Duration::from_millis(1);

/// A client that is cheap enough for tens of thousands of requests.
pub struct Caller {
    connection: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Caller {
    /// Connects to the server at `url`, to ask whether a request with `secret` passes.
    pub fn new(url: &str, query: &str, secret: &str) -> Self {
        let host = url.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(host).expect("connected");
        stream.set_nodelay(true).expect("an option");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
        let request = format!(
            "GET /v1/authorize?{query} HTTP/1.1\r\nHost: {host}\r\n\
             X-Forwarded-For: {CLIENT}\r\nAuthorization: Bearer {secret}\r\n\r\n"
        );
        Self { connection: BufReader::new(stream), request: request.into_bytes() }
    }

    /// Sends one request and returns the status of the response.
    pub fn request(&mut self) -> u16 {
        self.send(1);
        self.read_status()
    }

    /// Sends the request that many times without waiting for a response.
    pub fn send(&mut self, times: usize) {
        let requests = self.request.repeat(times);
        self.connection.get_mut().write_all(&requests).expect("sent");
    }

    /// Reads the next response and returns its status.
    pub fn read_status(&mut self) -> u16 {
        let (mut line, mut status, mut length) = (String::new(), None, 0);
        loop {
            line.clear();
            assert_ne!(
                self.connection.read_line(&mut line).expect("a response"),
                0,
                "the server closed the connection"
            );
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

/// How long after the response to `change` the last request passed at `url`. Several gateways send
/// requests all the time, and the key is in the server's cache when the change begins.
pub fn propagation_delay(url: &str, secret: &str, change: impl FnOnce()) -> Duration {
    let callers = [(); CALLERS].map(|()| {
        let mut caller = Caller::new(url, "", secret);
        assert_eq!(caller.request(), 200);
        caller
    });
    let is_answered = AtomicBool::new(false);
    let (answered, last_pass) = std::thread::scope(|scope| {
        let gateways = callers.map(|caller| scope.spawn(|| last_pass(caller, &is_answered)));
        change();
        let answered = Instant::now();
        is_answered.store(true, Ordering::SeqCst);
        let passes = gateways.into_iter().map(|gateway| gateway.join().expect("no panic"));
        (answered, passes.flatten().max())
    });
    last_pass.unwrap_or(answered).saturating_duration_since(answered)
}

/// Sends requests until they no longer pass, and returns when the last pass arrived.
fn last_pass(mut caller: Caller, is_answered: &AtomicBool) -> Option<Instant> {
    let begun = Instant::now();
    let (mut passed, mut denials) = (None, 0);
    while denials < DENIALS {
        assert!(begun.elapsed() < TIMEOUT, "requests still pass");
        std::thread::sleep(PAUSE);
        match (caller.request(), is_answered.load(Ordering::SeqCst)) {
            (200, _) => (passed, denials) = (Some(Instant::now()), 0),
            (401, true) => denials += 1,
            (401, false) => {}
            (status, _) => panic!("{status}"),
        }
    }
    passed
}

/// The 99th percentile of the delays, and the longest.
pub fn p99_and_worst(mut delays: Vec<Duration>) -> (Duration, Duration) {
    assert!(delays.len() >= 100, "too few delays for a 99th percentile");
    delays.sort_unstable();
    (delays[delays.len() * 99 / 100 - 1], delays[delays.len() - 1])
}

/// Waits until `condition` holds and returns how long that took.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < TIMEOUT, "{what}: not within {TIMEOUT:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    began.elapsed()
}
