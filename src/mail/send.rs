//! Sending a message (RFC 5321), within a few seconds or not at all.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
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
}

/// Sends `message` through `server`.
///
/// # Errors
/// Why it was not sent, in the words of the interface.
pub async fn send(server: &Server, message: &Message) -> Result<(), String> {
    let envelope = |builder: MessageBuilder| -> Result<_, Box<dyn std::error::Error>> {
        let (from, to): (Mailbox, Mailbox) = (server.sender.parse()?, message.to.parse()?);
        let builder = builder.from(from).to(to).subject(&message.subject);
        Ok(builder.header(ContentType::TEXT_PLAIN).body(message.text.clone())?)
    };
    let email = envelope(lettre::Message::builder())
        .map_err(|error| format!("The message could not be written: {error}"))?;
    let transport = transport(server).map_err(|error| explain(server, &error))?;
    match tokio::time::timeout(PATIENCE, transport.send(email)).await {
        Ok(sent) => sent.map(drop).map_err(|error| explain(server, &error)),
        Err(_) => Err(late(server)),
    }
}

fn transport(server: &Server) -> Result<AsyncSmtpTransport<Tokio1Executor>, SmtpError> {
    type Smtp = AsyncSmtpTransport<Tokio1Executor>;
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
