//! One connection, on which requests are written by hand, one after another.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long a test waits for an answer before it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Line {
    stream: BufReader<TcpStream>,
}

pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Line {
    /// A connection to the server at `url`.
    pub fn to(url: &str) -> Self {
        let address = url.rsplit("://").next().expect("an address");
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        Self { stream: BufReader::new(stream) }
    }

    /// The answer to a GET with further lines in its head.
    pub fn get(&mut self, path: &str, lines: &str) -> Reply {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"))
    }

    /// The answer to what is written.
    pub fn ask(&mut self, request: &str) -> Reply {
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no answer to {request:?}: {line:?}"));
        let mut reply = Reply { status, headers: Vec::new(), body: Vec::new() };
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            reply.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        assert_eq!(reply.header("transfer-encoding"), "", "these requests have no such answers");
        if let Ok(length) = reply.header("content-length").parse() {
            reply.body.resize(length, 0);
            self.stream.read_exact(&mut reply.body).expect("the whole body");
        } else {
            self.stream.read_to_end(&mut reply.body).expect("the whole body");
        }
        reply
    }

    /// Whether the server has closed its side.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0))
    }
}

impl Reply {
    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }
}
