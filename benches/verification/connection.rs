//! A connection: requests as gateways send them, one after another.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Who waits longer for an answer gives up.
const PATIENCE: Duration = Duration::from_secs(10);
const BEFORE: &str = "GET /v1/authorize?scope=orders:read&environment=production HTTP/1.1\r\n\
    Host: latchkey.internal\r\nAuthorization: Bearer ";
const AFTER: &str = "\r\nX-Forwarded-For: 203.0.113.7\r\nX-Original-Method: GET\r\n\
    X-Original-URI: /orders/4711?expand=lines\r\n\r\n";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// An open connection, and the answer that it got last.
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Box<[u8; 4096]>,
    /// How much of the answer is there.
    filled: usize,
}

impl Connection {
    pub fn to(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("it listens");
        stream.set_nodelay(true).expect("set");
        stream.set_nonblocking(true).expect("set");
        Self { stream, request: BEFORE.into(), answer: Box::new([0; 4096]), filled: 0 }
    }

    /// Sends a request that bears `secret`; the one before must have been answered.
    pub fn send(&mut self, secret: &str) {
        self.request.truncate(BEFORE.len());
        self.request.extend_from_slice(secret.as_bytes());
        self.request.extend_from_slice(AFTER.as_bytes());
        self.filled = 0;
        // The socket is empty, and holds more than that.
        self.stream.write_all(&self.request).expect("sent");
    }

    /// Waits for the answer, busily; says its status.
    pub fn wait(&mut self) -> u16 {
        let begin = Instant::now();
        loop {
            if self.is_answered() {
                return self.status();
            }
            assert!(begin.elapsed() < PATIENCE, "no answer");
        }
    }

    /// Whether all of the answer has come.
    pub fn is_answered(&mut self) -> bool {
        match self.stream.read(&mut self.answer[self.filled..]) {
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("an answer is cut short: {error}"),
        }
        assert!(self.filled > 0, "the server hung up");
        let answer = &self.answer[..self.filled];
        // A pass has no body; looking for the end of a head takes longer.
        answer.ends_with(END_OF_HEAD)
            || answer
                .windows(4)
                .position(|window| window == END_OF_HEAD)
                .is_some_and(|head| answer.len() >= head + 4 + body(&answer[..head]))
    }

    /// The status of the answer, which has come.
    pub fn status(&self) -> u16 {
        let status = self.answer.get(9..12).and_then(|status| str::from_utf8(status).ok());
        status.and_then(|status| status.parse().ok()).expect("a status")
    }

    /// The length of the answer.
    pub fn length(&self) -> usize {
        self.filled
    }
}

/// How long the body is that follows a head.
fn body(head: &[u8]) -> usize {
    let head = str::from_utf8(head).expect("text").to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse().ok()).expect("a length")
}
