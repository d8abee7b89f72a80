//! Sending a message (RFC 5321), within a few seconds or not at all.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{Security, Server};
use crate::text;

/// How long a server may take over a whole message; who waits for it is looking at a page.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of what a server says is passed on, in characters.
const LONGEST_REPLY: usize = 200;

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Whom it is for, by email address.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The same as HTML; without it the message is plain text alone.
    pub html: Option<String>,
}

/// Why a message was not sent, in the words of the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server cannot be used: no other message would be sent either.
    Server(String),
    /// The server does not take this one for now.
    Passing(String),
    /// The server does not take this one, nor will it.
    Refused(String),
}

impl Failure {
    pub(super) fn why(&self) -> &str {
        let (Self::Server(why) | Self::Passing(why) | Self::Refused(why)) = self;
        why
    }
}

/// Sends `message` through `server`.
///
/// # Errors
/// Why it was not sent, in the words of the interface.
pub async fn send(server: &Server, message: &Message) -> Result<(), String> {
    let post = Post::of(server).map_err(|failure| failure.why().to_owned())?;
    post.send(message).await.map_err(|failure| failure.why().to_owned())
}

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// A server that messages can be given to.
pub(super) struct Post<'a> {
    server: &'a Server,
    transport: Smtp,
}

impl<'a> Post<'a> {
    fn of(server: &'a Server) -> Result<Self, Failure> {
        let transport = transport(server);
        let transport = transport.map_err(|error| Failure::Server(explain(server, &error)))?;
        Ok(Self { server, transport })
    }

    /// The same, once the server has answered and let us in: what it refuses from then on is about
    /// the message.
    pub(super) async fn open(server: &'a Server) -> Result<Self, Failure> {
        let post = Self::of(server)?;
        match tokio::time::timeout(PATIENCE, post.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(post),
            Ok(Ok(false)) => Err(Failure::Server(format!("{} does not answer", server.host))),
            Ok(Err(error)) => Err(Failure::Server(explain(server, &error))),
            Err(_) => Err(Failure::Server(late(server))),
        }
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let email = email(self.server, message).map_err(|error| {
            Failure::Refused(format!("The message could not be written: {error}"))
        })?;
        match tokio::time::timeout(PATIENCE, self.transport.send(email)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let why = explain(self.server, &error);
                Err(if error.is_permanent() {
                    Failure::Refused(why)
                } else if error.is_transient() {
                    Failure::Passing(why)
                } else {
                    Failure::Server(why)
                })
            }
            Err(_) => Err(Failure::Server(late(self.server))),
        }
    }
}

fn email(
    server: &Server,
    message: &Message,
) -> Result<lettre::Message, Box<dyn std::error::Error>> {
    let (from, to): (Mailbox, Mailbox) = (server.sender.parse()?, message.to.parse()?);
    let builder = lettre::Message::builder().from(from).to(to).subject(&message.subject);
    let text = message.text.clone();
    Ok(match &message.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html.clone()))?,
        None => builder.header(ContentType::TEXT_PLAIN).body(text)?,
    })
}

fn transport(server: &Server) -> Result<Smtp, SmtpError> {
    let host = &server.host;
    let builder = match server.security {
        Security::StartTls => Smtp::starttls_relay(host)?,
        Security::Tls => Smtp::relay(host)?,
        Security::None => Smtp::builder_dangerous(host.trim_matches(['[', ']'])),
    };
    let builder = builder.port(server.port).timeout(Some(PATIENCE));
    Ok(match &server.password {
        Some(password) => {
            let password = String::clone(password);
            builder.credentials(Credentials::new(server.username.clone(), password)).build()
        }
        None => builder.build(),
    })
}

fn explain(server: &Server, error: &SmtpError) -> String {
    let host = &server.host;
    // The innermost cause says most: "Connection refused", "invalid peer certificate".
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let cause = text::visible(&cause.to_string(), LONGEST_REPLY);
    if error.is_timeout() {
        late(server)
    } else if error.is_permanent() || error.is_transient() {
        format!("{host} refused: {cause}")
    } else if cause.contains("certificate") {
        format!("The certificate of {host} cannot be trusted: {cause}")
    } else {
        format!("{host} cannot be used at port {}: {cause}", server.port)
    }
}

fn late(server: &Server) -> String {
    format!("{} did not answer within {} seconds", server.host, PATIENCE.as_secs())
}
