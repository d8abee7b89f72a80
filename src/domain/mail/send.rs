//! Sends a message (RFC 5321), within a few seconds or not at all.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::response::Response;

use super::{Connector, Security, Server, policy};
use crate::base::error::{Error, Result as Outcome};
use crate::base::{random, text};

/// The longest time for one message. It is short because a person may be waiting for a page.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a server's reply is logged, in characters.
const MAX_REPLY_LENGTH: usize = 200;
/// The number of letters and digits in the random name of a Message-ID.
const RANDOM_ID: usize = 20;

#[derive(Clone, Debug)]
pub struct Message {
    /// The recipient's email address.
    pub to: String,
    pub subject: String,
    pub text: String,
    /// The same content as HTML; `None` for a message with plain text only.
    pub html: Option<String>,
}

/// Why a message was not sent, as the interface shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server cannot be used, so no other message would be sent either.
    Server(String),
    /// The server does not accept this message for now.
    Temporary(String),
    /// The server permanently rejects this message.
    Rejected(String),
}

impl Failure {
    pub(super) fn why(&self) -> &str {
        let (Self::Server(why) | Self::Temporary(why) | Self::Rejected(why)) = self;
        why
    }
}

/// Sends `message` through `server`, if `connector` may connect to the server.
pub async fn send(server: &Server, connector: &Connector, message: &Message) -> Result<(), String> {
    let sent = async { Session::open(server, connector).await?.send(message, None).await };
    let outcome = tokio::time::timeout(TIMEOUT, sent).await;
    outcome.unwrap_or_else(|_| Err(timed_out(server))).map_err(|failure| failure.why().to_owned())
}

/// Connects to `server` and signs in, without sending anything. Blocks the thread for five seconds
/// at most.
///
/// # Errors
/// Why it does not work, as the interface shows it.
pub fn check_server(server: &Server, connector: &Connector) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let opened = runtime.block_on(Session::open(server, connector));
    opened.map(drop).map_err(|failure| failure.why().to_owned())
}

/// Sends as many of `messages` as `server` accepts within five seconds.
pub async fn send_in_time(server: &Server, connector: &Connector, messages: &[Message]) {
    let sent = async {
        let session = Session::open(server, connector).await?;
        for message in messages {
            if let Err(Failure::Server(why)) = session.send(message, None).await {
                return Err(Failure::Server(why));
            }
        }
        Ok(())
    };
    let outcome = tokio::time::timeout(TIMEOUT, sent).await;
    if let Err(failure) = outcome.unwrap_or_else(|_| Err(timed_out(server))) {
        tracing::warn!(why = failure.why(), "mail: not every message could be sent");
    }
}

/// A server that accepts messages.
pub(super) struct Session<'a> {
    server: &'a Server,
    connector: &'a Connector,
    address: IpAddr,
}

impl<'a> Session<'a> {
    /// Connects and signs in, so that a later rejection is about the message. The name is looked up
    /// once, and only addresses that the policy allows are used, so that a second look-up cannot
    /// lead to another address.
    pub(super) async fn open(
        server: &'a Server,
        connector: &'a Connector,
    ) -> Result<Self, Failure> {
        let opened = tokio::time::timeout(TIMEOUT, Self::find(server, connector)).await;
        opened.unwrap_or_else(|_| Err(timed_out(server)))
    }

    async fn find(server: &'a Server, connector: &'a Connector) -> Result<Self, Failure> {
        let networks = &connector.networks;
        let addresses = policy::addresses(server, networks).await.map_err(Failure::Server)?;
        let share = TIMEOUT / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut failure = unreachable(server);
        for address in addresses {
            let connected = connector.connect(server, address, share);
            match tokio::time::timeout(share, connected).await {
                Ok(Ok(mut connection)) => {
                    connection.abort().await;
                    return Ok(Self { server, connector, address });
                }
                Ok(Err(error)) if error.status().is_some() => {
                    return Err(Failure::Server(rejected(server, "the sign-in", &error)));
                }
                Ok(Err(error)) => failure = Failure::Server(explain(server, &error)),
                Err(_) => failure = timed_out(server),
            }
        }
        Err(failure)
    }

    /// Sends a message over its own connection. `id` becomes part of its Message-ID, so that a
    /// second copy can be recognised. Without an `id`, the message gets a random name.
    pub(super) async fn send(&self, message: &Message, id: Option<&str>) -> Result<(), Failure> {
        let email = email(self.server, message, id)
            .map_err(|_| Failure::Rejected("The message could not be written".into()))?;
        match tokio::time::timeout(TIMEOUT, self.deliver(&email)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => {
                Err(Failure::Rejected(rejected(self.server, "the message", &error)))
            }
            Ok(Err(error)) if error.is_transient() => {
                Err(Failure::Temporary(rejected(self.server, "the message", &error)))
            }
            Ok(Err(error)) => Err(Failure::Server(explain(self.server, &error))),
            Err(_) => Err(timed_out(self.server)),
        }
    }

    async fn deliver(&self, email: &lettre::Message) -> Result<Response, SmtpError> {
        let connected = self.connector.connect(self.server, self.address, TIMEOUT);
        let mut connection = connected.await?;
        let response = connection.send(email.envelope(), &email.formatted()).await?;
        connection.abort().await;
        Ok(response)
    }
}

/// The message in its final form, with every header that strict receivers require (RFC 5322, 3.6).
fn email(server: &Server, message: &Message, id: Option<&str>) -> Outcome<lettre::Message> {
    let (from, to) = (mailbox(&server.sender)?, mailbox(&message.to)?);
    let random = || random::text(random::BASE62, RANDOM_ID).map(|text| format!("msg_{text}"));
    let id = id.map_or_else(random, |id| Ok(id.to_owned()))?;
    let id = format!("<{id}@{}>", from.email.domain());
    let builder = lettre::Message::builder().from(from).to(to).subject(&message.subject);
    let (builder, text) = (builder.message_id(Some(id)), message.text.clone());
    let built = match &message.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html.clone())),
        None => builder.singlepart(SinglePart::plain(text)),
    };
    built.map_err(Error::internal)
}

/// An address in the form that mail servers without SMTPUTF8 accept.
fn mailbox(address: &str) -> Outcome<Mailbox> {
    let address = text::email_in_ascii(address).parse().map_err(Error::internal)?;
    Ok(Mailbox::new(None, address))
}

/// Describes the failure. Never contains what the server sent, which may be the banner of another
/// service. Only the code of a reply is shown, and the log has the code and the text.
fn explain(server: &Server, error: &SmtpError) -> String {
    let Server { host, port, security, .. } = server;
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    if error.is_timeout() {
        return timed_out(server).why().to_owned();
    }
    if let Some(cause) = causes.find(|cause| cause.to_string().contains("certificate")) {
        let cause = cause.to_string();
        let known = CERTIFICATE_ERRORS.iter().find(|(sign, _)| cause.contains(sign));
        let why = known.map_or("it is not valid", |(_, why)| *why);
        return format!("The certificate of {host} cannot be trusted: {why}");
    }
    let why = if error.is_response() {
        "what answers there is not a mail server"
    } else if error.is_client() && *security == Security::StartTls {
        "it does not offer STARTTLS, or no way to sign in that Latchkey knows"
    } else if error.is_client() {
        "it offers no way to sign in that Latchkey knows"
    } else if error.is_tls() {
        "TLS could not be set up"
    } else {
        "the connection failed"
    };
    format!("{host} cannot be used at port {port}: {why}")
}

/// Parts of error messages about untrusted certificates, and the texts for the interface.
const CERTIFICATE_ERRORS: [(&str, &str); 4] = [
    ("xpired", "it has expired"),
    ("UnknownIssuer", "it was not issued by a certificate authority that Latchkey knows"),
    ("CaUsedAsEndEntity", "it was not issued by a certificate authority that Latchkey knows"),
    ("not valid for name", "it was issued for another name"),
];

fn rejected(server: &Server, what: &str, error: &SmtpError) -> String {
    let (host, code) = (&server.host, error.status().map_or_else(String::new, |c| c.to_string()));
    let reply = error.source().map(ToString::to_string).unwrap_or_default();
    let reply = text::visible(&reply, MAX_REPLY_LENGTH);
    tracing::warn!(%host, %code, %reply, "mail: the server refused {what}");
    format!("{host} refused {what} (SMTP reply {code})")
}

fn unreachable(server: &Server) -> Failure {
    let Server { host, port, .. } = server;
    Failure::Server(format!("{host} cannot be used at port {port}: the connection failed"))
}

fn timed_out(server: &Server) -> Failure {
    let (host, seconds) = (&server.host, TIMEOUT.as_secs());
    Failure::Server(format!("{host} did not answer within {seconds} seconds"))
}
