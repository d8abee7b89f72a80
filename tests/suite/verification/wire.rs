//! A minimal HTTP/1.1 client: it sends requests that no client library would send, and keeps every
//! byte of the response.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long a test waits before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Headers that do not depend on the decision.
const FRAMING: [&str; 3] = ["connection", "content-length", "date"];

#[derive(Clone)]
pub struct Request {
    to: String,
    is_head: bool,
    head: Vec<u8>,
    body: Vec<u8>,
    /// Whether the client closes its side after it has sent everything.
    closes: bool,
}

impl Request {
    /// A request to the server at `url`. Its only header asks the server to close the connection.
    pub fn new(url: &str, method: &str, target: &str) -> Self {
        let to = url.strip_prefix("http://").expect("a URL").to_owned();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
        Self {
            to,
            is_head: method == "HEAD",
            head: head.into_bytes(),
            body: Vec::new(),
            closes: false,
        }
    }

    /// Adds a header line, byte for byte.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), b": ", value.as_ref(), b"\r\n"] {
            self.head.extend_from_slice(part);
        }
        self
    }

    pub fn bearer(self, secret: &str) -> Self {
        self.header("Authorization", format!("Bearer {secret}"))
    }

    /// Sets the client address that a gateway reports.
    pub fn from(self, address: &str) -> Self {
        self.header("X-Forwarded-For", address)
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        body.as_ref().clone_into(&mut self.body);
        let length = self.body.len().to_string();
        self.header("Content-Length", length)
    }

    /// Adds bytes after the head, without a length, for other framings.
    pub fn trailing(mut self, bytes: impl AsRef<[u8]>) -> Self {
        bytes.as_ref().clone_into(&mut self.body);
        self
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.header("Content-Type", "application/x-www-form-urlencoded").body(form.finish())
    }

    /// Closes the client's side after everything is sent, so that the server waits for no more.
    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// The bytes of the request.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.head, b"\r\n".as_slice(), &self.body].concat()
    }

    pub fn send(&self) -> Response {
        self.try_send().unwrap_or_else(|| {
            panic!("no response to {:?}", String::from_utf8_lossy(&self.head));
        })
    }

    /// Returns the response, or `None` if the connection ends without one.
    pub fn try_send(&self) -> Option<Response> {
        let mut stream = TcpStream::connect(&self.to).ok()?;
        stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
        // A server that denies a request may already have closed the connection.
        let _ = stream.write_all(&self.bytes());
        if self.closes {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        (!bytes.is_empty()).then(|| Response::parse(bytes, self.is_head))
    }
}

/// The only response on a connection.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
    /// The whole response.
    pub raw: String,
}

impl Response {
    fn parse(bytes: Vec<u8>, is_head: bool) -> Self {
        let raw = String::from_utf8(bytes).expect("a response in UTF-8");
        let (head, body) = raw.split_once("\r\n\r\n").expect("a whole head");
        let mut lines = head.split("\r\n");
        let status_line = lines.next().expect("a status line");
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .unwrap_or_else(|| panic!("no status: {raw}"));
        let headers: Vec<_> = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").expect("a header");
                (name.to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        let response = Self { status, headers, body: body.to_owned(), raw: raw.clone() };
        let length: usize = response.header("content-length").parse().expect("a length");
        assert_eq!(
            response.body.len(),
            if is_head { 0 } else { length },
            "only one response: {raw}"
        );
        response
    }

    /// The value of a header, which may occur once. Empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let value = values.next().map_or("", |(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} occurs twice: {}", self.raw);
        value
    }

    /// The names of all headers except those about framing.
    pub fn names(&self) -> BTreeSet<&str> {
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !FRAMING.contains(name)).collect()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.raw))
    }

    /// The parameters of the challenge, parsed as strictly as RFC 6750, section 3 defines them.
    pub fn challenge(&self) -> BTreeMap<&str, &str> {
        let line = self.header("www-authenticate");
        let mut rest = line.strip_prefix("Bearer ").unwrap_or_else(|| panic!("{}", self.raw));
        let mut parameters = BTreeMap::new();
        loop {
            let (name, quoted) = rest.split_once("=\"").expect(line);
            let (value, after) = quoted.split_once('"').expect(line);
            let is_plain = |b: u8| (0x20..0x7F).contains(&b) && b != b'\\';
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
            assert!(value.bytes().all(is_plain), "{line}");
            assert!(parameters.insert(name, value).is_none(), "{line}");
            let Some(more) = after.strip_prefix(", ") else {
                assert_eq!(after, "", "{line}");
                return parameters;
            };
            rest = more;
        }
    }
}
