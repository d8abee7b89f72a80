//! Sending a message (RFC 5321), within a few seconds or not at all.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{Security, Server, policy};
use crate::network::Networks;
use crate::text;

/// How long a server may take over a whole message; who waits for it is looking at a page.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of what a server says goes to the log, in characters.
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

/// Sends `message` through `server`, if the server is where `networks` allow it to be.
///
/// # Errors
/// Why it was not sent, in the words of the interface.
pub async fn send(server: &Server, networks: &Networks, message: &Message) -> Result<(), String> {
    let sent = async { Post::open(server, networks).await?.send(message).await };
    let outcome = tokio::time::timeout(PATIENCE, sent).await;
    outcome.unwrap_or_else(|_| Err(late(server))).map_err(|failure| failure.why().to_owned())
}

/// Sends as many of `messages` as `server` takes within five seconds.
pub async fn send_what_fits(server: &Server, networks: &Networks, messages: &[Message]) {
    let sent = async {
        let post = Post::open(server, networks).await?;
        for message in messages {
            if let Err(Failure::Server(why)) = post.send(message).await {
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

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// A server that messages can be given to.
pub(super) struct Post<'a> {
    server: &'a Server,
    transport: Smtp,
}

impl<'a> Post<'a> {
    /// Connects and signs in: what the server refuses later is about the message. The name is looked
    /// up once, and only addresses that the policy allows are connected to, so that a second look-up
    /// cannot lead elsewhere.
    pub(super) async fn open(server: &'a Server, networks: &Networks) -> Result<Self, Failure> {
        let opened = tokio::time::timeout(PATIENCE, Self::connect(server, networks)).await;
        opened.unwrap_or_else(|_| Err(late(server)))
    }

    async fn connect(server: &'a Server, networks: &Networks) -> Result<Self, Failure> {
        let addresses = policy::addresses(server, networks).await.map_err(Failure::Server)?;
        let share = PATIENCE / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut failure = unreachable(server);
        for address in addresses {
            let transport = transport(server, address)
                .map_err(|error| Failure::Server(explain(server, &error)))?;
            match tokio::time::timeout(share, transport.test_connection()).await {
                Ok(Ok(true)) => return Ok(Self { server, transport }),
                Ok(Ok(false)) => failure = unreachable(server),
                Ok(Err(error)) if error.status().is_some() => {
                    return Err(Failure::Server(refused(server, "the sign-in", &error)));
                }
                Ok(Err(error)) => failure = Failure::Server(explain(server, &error)),
                Err(_) => failure = late(server),
            }
        }
        Err(failure)
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let email = email(self.server, message)
            .map_err(|_| Failure::Refused("The message could not be written".into()))?;
        match tokio::time::timeout(PATIENCE, self.transport.send(email)).await {
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

/// A way to `address`; certificates are checked for the server's name.
fn transport(server: &Server, address: IpAddr) -> Result<Smtp, SmtpError> {
    let name = server.host.trim_matches(['[', ']']).to_owned();
    let tls = match server.security {
        Security::StartTls => Tls::Required(TlsParameters::new(name)?),
        Security::Tls => Tls::Wrapper(TlsParameters::new(name)?),
        Security::None => Tls::None,
    };
    let builder = Smtp::builder_dangerous(address.to_string());
    let builder = builder.port(server.port).tls(tls).timeout(Some(PATIENCE));
    Ok(match &server.password {
        Some(password) => {
            let password = String::clone(password);
            builder.credentials(Credentials::new(server.username.clone(), password)).build()
        }
        None => builder.build(),
    })
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
