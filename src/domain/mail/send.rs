//! Sending a message (RFC 5321), within a few seconds or not at all.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::response::Response;

use super::{Connector, Security, Server, policy};
use crate::base::error::{Error, Result as Outcome};
use crate::base::{random, text};

/// How long a server may take over a whole message; who waits for it is looking at a page.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of what a server says goes to the log, in characters.
const LONGEST_REPLY: usize = 200;
/// Letters and digits of a random name in a Message-ID.
const RANDOM_ID: usize = 20;

#[derive(Clone, Debug)]
pub struct Message {
    /// Whom it is for, by email address.
    pub to: String,
    /// What it is about.
    pub subject: String,
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

/// Sends `message` through `server`, if the server is where `connector` may connect to.
pub async fn send(server: &Server, connector: &Connector, message: &Message) -> Result<(), String> {
    let sent = async { Post::open(server, connector).await?.send(message, None).await };
    let outcome = tokio::time::timeout(PATIENCE, sent).await;
    outcome.unwrap_or_else(|_| Err(late(server))).map_err(|failure| failure.why().to_owned())
}

/// Sends as many of `messages` as `server` takes within five seconds.
pub async fn send_what_fits(server: &Server, connector: &Connector, messages: &[Message]) {
    let sent = async {
        let post = Post::open(server, connector).await?;
        for message in messages {
            if let Err(Failure::Server(why)) = post.send(message, None).await {
                return Err(Failure::Server(why));
            }
        }
        Ok(())
    };
    let outcome = tokio::time::timeout(PATIENCE, sent).await;
    if let Err(failure) = outcome.unwrap_or_else(|_| Err(late(server))) {
        tracing::warn!(why = failure.why(), "mail: not every message could be sent");
    }
}

/// A server that messages can be given to.
pub(super) struct Post<'a> {
    server: &'a Server,
    connector: &'a Connector,
    address: IpAddr,
}

impl<'a> Post<'a> {
    /// Connects and signs in: what the server refuses later is about the message. The name is looked
    /// up once, and only addresses that the policy allows are connected to, so that a second look-up
    /// cannot lead elsewhere.
    pub(super) async fn open(
        server: &'a Server,
        connector: &'a Connector,
    ) -> Result<Self, Failure> {
        let opened = tokio::time::timeout(PATIENCE, Self::find(server, connector)).await;
        opened.unwrap_or_else(|_| Err(late(server)))
    }

    async fn find(server: &'a Server, connector: &'a Connector) -> Result<Self, Failure> {
        let networks = &connector.networks;
        let addresses = policy::addresses(server, networks).await.map_err(Failure::Server)?;
        let share = PATIENCE / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut failure = unreachable(server);
        for address in addresses {
            let connected = connector.connect(server, address, share);
            match tokio::time::timeout(share, connected).await {
                Ok(Ok(mut connection)) => {
                    connection.abort().await;
                    return Ok(Self { server, connector, address });
                }
                Ok(Err(error)) if error.status().is_some() => {
                    return Err(Failure::Server(refused(server, "the sign-in", &error)));
                }
                Ok(Err(error)) => failure = Failure::Server(explain(server, &error)),
                Err(_) => failure = late(server),
            }
        }
        Err(failure)
    }

    /// Sends a message, over a connection of its own. `id` names it in its Message-ID, so that a
    /// second copy of it is told; without one it gets a random name.
    pub(super) async fn send(&self, message: &Message, id: Option<&str>) -> Result<(), Failure> {
        let email = email(self.server, message, id)
            .map_err(|_| Failure::Refused("The message could not be written".into()))?;
        match tokio::time::timeout(PATIENCE, self.give(&email)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => {
                Err(Failure::Refused(refused(self.server, "the message", &error)))
            }
            Ok(Err(error)) if error.is_transient() => {
                Err(Failure::Passing(refused(self.server, "the message", &error)))
            }
            Ok(Err(error)) => Err(Failure::Server(explain(self.server, &error))),
            Err(_) => Err(late(self.server)),
        }
    }

    async fn give(&self, email: &lettre::Message) -> Result<Response, SmtpError> {
        let connected = self.connector.connect(self.server, self.address, PATIENCE);
        let mut connection = connected.await?;
        let response = connection.send(email.envelope(), &email.formatted()).await?;
        connection.abort().await;
        Ok(response)
    }
}

/// The message as it is sent, with every header that strict receivers ask for (RFC 5322, 3.6).
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

/// An address as mail servers without SMTPUTF8 take it.
fn mailbox(address: &str) -> Outcome<Mailbox> {
    let address = text::email_in_ascii(address).parse().map_err(Error::internal)?;
    Ok(Mailbox::new(None, address))
}

/// What went wrong. It never holds what the server sent, which may be another service's banner: only
/// a reply's code, and that goes to the log with its text.
fn explain(server: &Server, error: &SmtpError) -> String {
    let Server { host, port, security, .. } = server;
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    if error.is_timeout() {
        return late(server).why().to_owned();
    }
    if let Some(cause) = causes.find(|cause| cause.to_string().contains("certificate")) {
        let cause = cause.to_string();
        let known = CERTIFICATE.iter().find(|(sign, _)| cause.contains(sign));
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

/// Signs of why a certificate is not trusted, and the words for them.
const CERTIFICATE: [(&str, &str); 4] = [
    ("xpired", "it has expired"),
    ("UnknownIssuer", "it was not issued by a certificate authority that Latchkey knows"),
    ("CaUsedAsEndEntity", "it was not issued by a certificate authority that Latchkey knows"),
    ("not valid for name", "it was issued for another name"),
];

fn refused(server: &Server, what: &str, error: &SmtpError) -> String {
    let (host, code) = (&server.host, error.status().map_or_else(String::new, |c| c.to_string()));
    let reply = error.source().map(ToString::to_string).unwrap_or_default();
    let reply = text::visible(&reply, LONGEST_REPLY);
    tracing::warn!(%host, %code, %reply, "mail: the server refused {what}");
    format!("{host} refused {what} (SMTP reply {code})")
}

fn unreachable(server: &Server) -> Failure {
    let Server { host, port, .. } = server;
    Failure::Server(format!("{host} cannot be used at port {port}: the connection failed"))
}

fn late(server: &Server) -> Failure {
    let (host, seconds) = (&server.host, PATIENCE.as_secs());
    Failure::Server(format!("{host} did not answer within {seconds} seconds"))
}
