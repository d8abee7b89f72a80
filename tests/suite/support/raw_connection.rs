//! A connection on which tests write raw requests, one after another.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long a test waits for a response before it fails.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(20);

pub struct RawConnection {
    stream: BufReader<TcpStream>,
}

pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl RawConnection {
    /// Connects to the server at `url`.
    pub fn open(url: &str) -> Self {
        let address = url.rsplit("://").next().expect("an address");
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(RESPONSE_TIMEOUT)).expect("a time limit");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends a GET request with additional header lines and reads the response.
    pub fn get(&mut self, path: &str, lines: &str) -> Reply {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"))
    }

    /// Sends a request as it is written and reads the response.
    pub fn send(&mut self, request: &str) -> Reply {
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no response to {request:?}: {line:?}"));
        let mut reply = Reply { status, headers: Vec::new(), body: Vec::new() };
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            reply.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        assert_eq!(reply.header("transfer-encoding"), "", "chunked responses are not supported");
        if let Ok(length) = reply.header("content-length").parse() {
            reply.body.resize(length, 0);
            self.stream.read_exact(&mut reply.body).expect("the whole body");
        } else {
            self.stream.read_to_end(&mut reply.body).expect("the whole body");
        }
        reply
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0))
    }
}

impl Reply {
    /// The value of a header, or an empty string if the response does not have it.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }
}
