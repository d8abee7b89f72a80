//! A mail server that accepts messages, rejects them, hangs, or has an untrusted certificate.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;

use super::authority::{Authority, Stream};

/// How the server handles a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Accepts,
    Rejects,
    Hangs,
    /// Accepts messages, but does not support EHLO.
    NoEhlo,
    /// Uses TLS with a certificate that no authority has issued.
    Untrusted,
}

pub struct Smtp {
    pub port: u16,
    messages: Mutex<mpsc::Receiver<String>>,
    /// The EHLO and HELO lines that no test has read yet.
    greetings: Mutex<mpsc::Receiver<String>>,
}

/// Where the messages and greetings that the server receives are sent.
#[derive(Clone)]
struct Received {
    messages: mpsc::Sender<String>,
    greetings: mpsc::Sender<String>,
}

impl Smtp {
    pub fn start(mode: Mode) -> Self {
        Self::listen(mode, |stream| stream)
    }

    /// A server that uses TLS from the start, with a certificate of `authority`.
    pub fn trusted_by(mode: Mode, authority: &Authority) -> Self {
        Self::listen(mode, authority.accept())
    }

    fn listen<S: Stream>(
        mode: Mode,
        accept: impl Fn(TcpStream) -> S + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (messages, greetings) = (mpsc::channel(), mpsc::channel());
        let received = Received { messages: messages.0, greetings: greetings.0 };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (received, accept) = (received.clone(), accept.clone());
                thread::spawn(move || match mode {
                    // Ends when the client closes the connection.
                    Mode::Hangs => drop(std::io::copy(&mut &stream, &mut std::io::sink())),
                    Mode::Untrusted => serve_untrusted(stream),
                    _ => drop(serve(accept(stream), mode, &received)),
                });
            }
        });
        Self { port, messages: Mutex::new(messages.1), greetings: Mutex::new(greetings.1) }
    }

    /// The EHLO and HELO lines that were received since the last call.
    pub fn greetings(&self) -> Vec<String> {
        self.greetings.lock().expect("greetings").try_iter().collect()
    }

    /// Waits for the next message.
    pub fn wait_for_message(&self) -> String {
        let messages = self.messages.lock().expect("messages");
        messages.recv_timeout(Duration::from_secs(10)).expect("a message")
    }

    /// The oldest message that no test has read yet.
    pub fn message(&self) -> Option<String> {
        self.messages.lock().expect("messages").try_recv().ok()
    }
}

fn serve(stream: impl Stream, mode: Mode, received: &Received) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut answer = "220 mail.example ESMTP";
    loop {
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
        let Some(line) = line(&mut stream)? else { return Ok(()) };
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if matches!(verb.as_str(), "EHLO" | "HELO") {
            let _ = received.greetings.send(line.clone());
        }
        answer = match verb.as_str() {
            "EHLO" if mode == Mode::NoEhlo => "502 Command not implemented",
            "HELO" => "250 mail.example",
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => "235 Welcome",
            "RCPT" if mode == Mode::Rejects => "550 No such <b>mailbox</b> here",
            "RCPT" if line.contains("<bounces@") => "550 No such <b>mailbox</b> here",
            "RCPT" if line.contains("<later@") => "450 Try again later",
            "DATA" => {
                stream.get_mut().write_all(b"354 Go on\r\n")?;
                let mut message = String::new();
                while let Some(line) = self::line(&mut stream)?.filter(|line| line != ".") {
                    message.push_str(&line);
                    message.push('\n');
                }
                let _ = received.messages.send(message);
                "250 Taken"
            }
            "QUIT" => return stream.get_mut().write_all(b"221 Bye\r\n"),
            _ => "250 Fine",
        };
    }
}

/// The next line without its line break, or `None` if the client has closed the connection.
fn line(stream: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line)?;
    Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn serve_untrusted(stream: TcpStream) {
    let certificate =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .expect("a certificate");
    let connection = rustls::ServerConnection::new(Arc::new(config)).expect("a connection");
    let mut tls = rustls::StreamOwned::new(connection, stream);
    let _ = tls.write_all(b"220 mail.example ESMTP\r\n");
    let _ = tls.read(&mut [0; 64]);
}
