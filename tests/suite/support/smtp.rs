//! A mail server that takes messages, refuses them, says nothing, or is not who it says it is.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;

use super::authority::{Authority, Stream};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Takes,
    Refuses,
    Hangs,
    /// Takes them, and does not know EHLO.
    IsOld,
    /// Speaks TLS with a certificate that nobody vouches for.
    IsNobody,
}

pub struct Smtp {
    pub port: u16,
    messages: Mutex<mpsc::Receiver<String>>,
    /// How it was greeted, and not asked for yet.
    greetings: Mutex<mpsc::Receiver<String>>,
}

/// Where what came goes.
#[derive(Clone)]
struct Heard {
    messages: mpsc::Sender<String>,
    greetings: mpsc::Sender<String>,
}

impl Smtp {
    pub fn start(manner: Manner) -> Self {
        Self::over(manner, |stream| stream)
    }

    /// One that speaks TLS from the start, which `authority` vouches for.
    pub fn vouched_for(manner: Manner, authority: &Authority) -> Self {
        Self::over(manner, authority.accept())
    }

    fn over<S: Stream>(
        manner: Manner,
        accept: impl Fn(TcpStream) -> S + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (messages, greetings) = (mpsc::channel(), mpsc::channel());
        let heard = Heard { messages: messages.0, greetings: greetings.0 };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (heard, accept) = (heard.clone(), accept.clone());
                thread::spawn(move || match manner {
                    // Ends when the client hangs up.
                    Manner::Hangs => drop(std::io::copy(&mut &stream, &mut std::io::sink())),
                    Manner::IsNobody => nobody(stream),
                    _ => drop(talk(accept(stream), manner, &heard)),
                });
            }
        });
        Self { port, messages: Mutex::new(messages.1), greetings: Mutex::new(greetings.1) }
    }

    /// How it was greeted since it was last asked.
    pub fn greetings(&self) -> Vec<String> {
        self.greetings.lock().expect("greetings").try_iter().collect()
    }

    /// The same, once it has come.
    pub fn wait_for_message(&self) -> String {
        let messages = self.messages.lock().expect("messages");
        messages.recv_timeout(Duration::from_secs(10)).expect("a message")
    }

    /// The message that came first and was not asked for yet.
    pub fn message(&self) -> Option<String> {
        self.messages.lock().expect("messages").try_recv().ok()
    }
}

fn talk(stream: impl Stream, manner: Manner, heard: &Heard) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut answer = "220 mail.example ESMTP";
    loop {
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
        let Some(line) = line(&mut stream)? else { return Ok(()) };
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if matches!(verb.as_str(), "EHLO" | "HELO") {
            let _ = heard.greetings.send(line.clone());
        }
        answer = match verb.as_str() {
            "EHLO" if manner == Manner::IsOld => "502 Command not implemented",
            "HELO" => "250 mail.example",
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => "235 Welcome",
            "RCPT" if manner == Manner::Refuses => "550 No such <b>mailbox</b> here",
            "RCPT" if line.contains("<bounces@") => "550 No such <b>mailbox</b> here",
            "RCPT" if line.contains("<later@") => "450 Try again later",
            "DATA" => {
                stream.get_mut().write_all(b"354 Go on\r\n")?;
                let mut message = String::new();
                while let Some(line) = self::line(&mut stream)?.filter(|line| line != ".") {
                    message.push_str(&line);
                    message.push('\n');
                }
                let _ = heard.messages.send(message);
                "250 Taken"
            }
            "QUIT" => return stream.get_mut().write_all(b"221 Bye\r\n"),
            _ => "250 Fine",
        };
    }
}

/// The next line without its end; `None` where the client hung up.
fn line(stream: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line)?;
    Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn nobody(stream: TcpStream) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let connection = rustls::ServerConnection::new(Arc::new(config)).expect("a connection");
    let mut tls = rustls::StreamOwned::new(connection, stream);
    let _ = tls.write_all(b"220 mail.example ESMTP\r\n");
    let _ = tls.read(&mut [0; 64]);
}
