//! A receiver of webhooks that takes messages, refuses them, leads astray, hangs or drips.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
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
    messages: Mutex<mpsc::Receiver<Received>>,
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
        let current = Arc::clone(&manner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, manner) = (sender.clone(), Arc::clone(&current));
                let accept = accept.clone();
                thread::spawn(move || drop(serve(accept(stream), &manner, &sender)));
            }
        });
        Self { url, manner, messages: Mutex::new(messages) }
    }

    /// Does so from now on.
    pub fn turn(&self, manner: Manner) {
        *self.manner.lock().expect("a manner") = manner;
    }

    /// The messages that came and were not asked for yet, in their order.
    pub fn messages(&self) -> Vec<Received> {
        self.messages.lock().expect("messages").try_iter().collect()
    }
}

fn serve(
    stream: impl Stream,
    manner: &Mutex<Manner>,
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
        let output = input.get_mut();
        match manner {
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
