//! A webhook receiver that accepts messages, rejects them, redirects them, hangs or is slow.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use super::authority::{Authority, Stream};

/// How the receiver responds to a message.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Answers with a status and a body.
    Answers(u16, &'static str),
    /// Redirects to another URL.
    Redirects(String),
    /// Reads the message and never answers.
    Hangs,
    /// Answers with one byte per second, without end.
    Drips,
    /// Accepts the first message at once, and the others when this many wait at the same time.
    HoldsUntil(usize),
}

/// A message as the receiver got it.
#[derive(Debug)]
pub struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

pub struct Receiver {
    pub url: String,
    mode: Arc<Mutex<Mode>>,
    in_flight: Arc<InFlight>,
    messages: Mutex<mpsc::Receiver<Received>>,
}

/// Counts the messages that wait for a response.
#[derive(Default)]
struct InFlight {
    /// How many messages arrived, how many wait now, and the most that waited at the same time.
    counts: Mutex<[usize; 3]>,
    changed: Condvar,
}

impl InFlight {
    /// Holds a message until `count` messages wait, or have waited, at the same time.
    fn hold_until(&self, count: usize) {
        let mut counts = self.counts.lock().expect("counts");
        let [arrived, waiting, peak] = &mut *counts;
        *arrived += 1;
        let is_first = *arrived == 1;
        *waiting += 1;
        *peak = *waiting.max(peak);
        self.changed.notify_all();
        if !is_first {
            let time_limit = Duration::from_secs(4);
            let is_below = |[.., peak]: &mut [usize; 3]| *peak < count;
            let result = self.changed.wait_timeout_while(counts, time_limit, is_below);
            counts = result.expect("counts").0;
        }
        counts[1] -= 1;
    }
}

impl Receiver {
    pub fn start(mode: Mode) -> Self {
        Self::listen("http", mode, |stream| stream)
    }

    /// A receiver that uses TLS with a certificate of `authority`.
    pub fn trusted_by(mode: Mode, authority: &Authority) -> Self {
        Self::listen("https", mode, authority.accept())
    }

    fn listen<S: Stream>(
        scheme: &str,
        mode: Mode,
        accept: impl Fn(TcpStream) -> S + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let host = if scheme == "https" { "localhost" } else { "127.0.0.1" };
        let url = format!("{scheme}://{host}:{port}/hook");
        let (sender, messages) = mpsc::channel();
        let mode = Arc::new(Mutex::new(mode));
        let in_flight = Arc::<InFlight>::default();
        let shared = (Arc::clone(&mode), Arc::clone(&in_flight));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, accept) = (sender.clone(), accept.clone());
                let (mode, in_flight) = shared.clone();
                thread::spawn(move || drop(serve(accept(stream), &mode, &in_flight, &sender)));
            }
        });
        Self { url, mode, in_flight, messages: Mutex::new(messages) }
    }

    /// Changes how the receiver responds from now on.
    pub fn set_mode(&self, mode: Mode) {
        *self.mode.lock().expect("a mode") = mode;
    }

    /// The largest number of messages that waited for a response at the same time.
    pub fn most_at_once(&self) -> usize {
        self.in_flight.counts.lock().expect("counts")[2]
    }

    /// The messages that were received since the last call, in order.
    pub fn messages(&self) -> Vec<Received> {
        self.messages.lock().expect("messages").try_iter().collect()
    }
}

fn serve(
    stream: impl Stream,
    mode: &Mutex<Mode>,
    in_flight: &InFlight,
    sender: &mpsc::Sender<Received>,
) -> std::io::Result<()> {
    let mut input = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            input.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|text| text.parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        input.read_exact(&mut body)?;
        let body = String::from_utf8(body).expect("text");
        let _ = sender.send(Received { path, headers, body });
        let mode = mode.lock().expect("a mode").clone();
        if let Mode::HoldsUntil(count) = mode {
            in_flight.hold_until(count);
        }
        let output = input.get_mut();
        match mode {
            Mode::HoldsUntil(_) => write!(output, "HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n")?,
            Mode::Answers(status, body) => write!(
                output,
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )?,
            Mode::Redirects(to) => {
                write!(output, "HTTP/1.1 307 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")?;
            }
            // Ends when the client closes the connection.
            Mode::Hangs => drop(std::io::copy(&mut input, &mut std::io::sink())),
            Mode::Drips => {
                output.write_all(b"HTTP/1.1 200 X\r\nx-drip: ")?;
                loop {
                    output.write_all(b"x")?;
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
}
