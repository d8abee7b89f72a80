//! A mail server that takes messages, refuses them, says nothing, or is not who it says it is.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Takes,
    Refuses,
    Hangs,
    /// Speaks TLS with a certificate that nobody vouches for.
    IsNobody,
}

pub struct Smtp {
    pub port: u16,
    messages: Mutex<mpsc::Receiver<String>>,
}

impl Smtp {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || match manner {
                    // Ends when the client hangs up.
                    Manner::Hangs => drop(std::io::copy(&mut &stream, &mut std::io::sink())),
                    Manner::IsNobody => nobody(stream),
                    _ => drop(talk(stream, manner, &sender)),
                });
            }
        });
        Self { port, messages: Mutex::new(messages) }
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

fn talk(stream: TcpStream, manner: Manner, sender: &mpsc::Sender<String>) -> std::io::Result<()> {
    let mut output = stream.try_clone()?;
    let mut say = |line: &str| output.write_all(format!("{line}\r\n").as_bytes());
    say("220 mail.example ESMTP")?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next().transpose()? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-mail.example\r\n250 AUTH PLAIN LOGIN")?,
            "AUTH" => say("235 Welcome")?,
            "RCPT" if manner == Manner::Refuses => say("550 No such <b>mailbox</b> here")?,
            "RCPT" if line.contains("<bounces@") => say("550 No such <b>mailbox</b> here")?,
            "RCPT" if line.contains("<later@") => say("450 Try again later")?,
            "DATA" => {
                say("354 Go on")?;
                let mut message = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    message.push_str(&line);
                    message.push('\n');
                }
                let _ = sender.send(message);
                say("250 Taken")?;
            }
            "QUIT" => return say("221 Bye"),
            _ => say("250 Fine")?,
        }
    }
    Ok(())
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
