//! A connection that sends requests one after another, as gateways do.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::load::Load;

/// How long a connection waits for a response.
const TIMEOUT: Duration = Duration::from_secs(10);
const BEFORE: &str = " HTTP/1.1\r\nHost: latchkey.internal\r\nAuthorization: Bearer ";
const AFTER: &str = "\r\nX-Forwarded-For: 203.0.113.7\r\nX-Original-Method: GET\r\n\
    X-Original-URI: /orders/4711?expand=lines\r\n\r\n";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// An open connection and its latest response.
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    response: Box<[u8; 4096]>,
    /// How much of the response has arrived.
    filled: usize,
}

impl Connection {
    pub fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_nodelay(true).expect("set");
        stream.set_nonblocking(true).expect("set");
        Self { stream, request: Vec::new(), response: Box::new([0; 4096]), filled: 0 }
    }

    /// Sends the next request of `load`, after the previous one has been answered.
    pub fn send(&mut self, load: &mut Load<'_>) {
        self.request.clear();
        for part in ["GET ", load.target, BEFORE, load.next(), AFTER] {
            self.request.extend_from_slice(part.as_bytes());
        }
        self.filled = 0;
        // The socket's buffer is empty and has room for a request.
        self.stream.write_all(&self.request).expect("sent");
    }

    /// Waits for the response without sleeping, and returns its status.
    pub fn wait(&mut self) -> u16 {
        let begin = Instant::now();
        loop {
            if self.is_answered() {
                return self.status();
            }
            assert!(begin.elapsed() < TIMEOUT, "no response");
        }
    }

    /// Whether the whole response has arrived.
    pub fn is_answered(&mut self) -> bool {
        match self.stream.read(&mut self.response[self.filled..]) {
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("the response is cut short: {error}"),
        }
        assert!(self.filled > 0, "the server closed the connection");
        let response = &self.response[..self.filled];
        // A pass has no body, and checking the end is faster than searching for it.
        response.ends_with(END_OF_HEAD)
            || response
                .windows(4)
                .position(|window| window == END_OF_HEAD)
                .is_some_and(|head| response.len() >= head + 4 + body_length(&response[..head]))
    }

    /// The status of a response that has arrived.
    pub fn status(&self) -> u16 {
        let status = self.response.get(9..12).and_then(|status| str::from_utf8(status).ok());
        status.and_then(|status| status.parse().ok()).expect("a status")
    }

    /// The length of the response.
    pub fn length(&self) -> usize {
        self.filled
    }
}

/// The length of the body after a head.
fn body_length(head: &[u8]) -> usize {
    let head = str::from_utf8(head).expect("text").to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse().ok()).expect("a length")
}
