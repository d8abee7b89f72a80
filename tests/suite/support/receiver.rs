//! A receiver of webhooks that takes messages, refuses them, leads astray, hangs or drips.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use super::authority::{Authority, Stream};

/// What it does with a message.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Answers with that status and body.
    Answers(u16, &'static str),
    /// Sends the message elsewhere.
    Redirects(String),
    /// Takes the message and says nothing.
    Hangs,
    /// Answers a byte a second, without end.
    Drips,
    /// Takes the first message, and answers the others once so many are there at the same time.
    Gathers(usize),
}

/// A message as it came.
#[derive(Debug)]
pub struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

pub struct Receiver {
    pub url: String,
    manner: Arc<Mutex<Manner>>,
    crowd: Arc<Crowd>,
    messages: Mutex<mpsc::Receiver<Received>>,
}

/// Messages that wait for an answer together.
#[derive(Default)]
struct Crowd {
    /// How many came, how many are there, and the most that were there.
    counts: Mutex<[usize; 3]>,
    changed: Condvar,
}

impl Crowd {
    /// Waits until `wanted` messages are, or were, there at the same time.
    fn gather(&self, wanted: usize) {
        let mut counts = self.counts.lock().expect("counts");
        let [came, there, most] = &mut *counts;
        *came += 1;
        let is_first = *came == 1;
        *there += 1;
        *most = *there.max(most);
        self.changed.notify_all();
        if !is_first {
            let patience = Duration::from_secs(4);
            let is_short = |[.., most]: &mut [usize; 3]| *most < wanted;
            let gathered = self.changed.wait_timeout_while(counts, patience, is_short);
            counts = gathered.expect("counts").0;
        }
        counts[1] -= 1;
    }
}

impl Receiver {
    pub fn start(manner: Manner) -> Self {
        Self::over("http", manner, |stream| stream)
    }

    /// One that speaks TLS, which `authority` vouches for.
    pub fn vouched_for(manner: Manner, authority: &Authority) -> Self {
        Self::over("https", manner, authority.accept())
    }

    fn over<S: Stream>(
        scheme: &str,
        manner: Manner,
        accept: impl Fn(TcpStream) -> S + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let host = if scheme == "https" { "localhost" } else { "127.0.0.1" };
        let url = format!("{scheme}://{host}:{port}/hook");
        let (sender, messages) = mpsc::channel();
        let manner = Arc::new(Mutex::new(manner));
        let (current, crowd) = (Arc::clone(&manner), Arc::<Crowd>::default());
        let together = Arc::clone(&crowd);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, manner) = (sender.clone(), Arc::clone(&current));
                let (accept, crowd) = (accept.clone(), Arc::clone(&together));
                thread::spawn(move || drop(serve(accept(stream), &manner, &crowd, &sender)));
            }
        });
        Self { url, manner, crowd, messages: Mutex::new(messages) }
    }

    /// Does so from now on.
    pub fn turn(&self, manner: Manner) {
        *self.manner.lock().expect("a manner") = manner;
    }

    /// How many messages waited for an answer at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.crowd.counts.lock().expect("counts")[2]
    }

    /// The messages that came and were not asked for yet, in their order.
    pub fn messages(&self) -> Vec<Received> {
        self.messages.lock().expect("messages").try_iter().collect()
    }
}

fn serve(
    stream: impl Stream,
    manner: &Mutex<Manner>,
    crowd: &Crowd,
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
        let manner = manner.lock().expect("a manner").clone();
        if let Manner::Gathers(wanted) = manner {
            crowd.gather(wanted);
        }
        let output = input.get_mut();
        match manner {
            Manner::Gathers(_) => write!(output, "HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n")?,
            Manner::Answers(status, body) => write!(
                output,
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )?,
            Manner::Redirects(to) => {
                write!(output, "HTTP/1.1 307 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")?;
            }
            // Ends when the client hangs up.
            Manner::Hangs => drop(std::io::copy(&mut input, &mut std::io::sink())),
            Manner::Drips => {
                output.write_all(b"HTTP/1.1 200 X\r\nx-drip: ")?;
                loop {
                    output.write_all(b"x")?;
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
}
