//! A mail server.

use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;

closed_set! {
    /// How the connection to a mail server is encrypted. The most common option comes first.
    pub enum Security {
        /// STARTTLS; nothing is sent without it (RFC 3207); port 587.
        StartTls = "starttls" "STARTTLS",
        /// TLS from the start (RFC 8314); port 465.
        Tls = "tls" "TLS",
        /// No encryption, for a server on the same machine.
        None = "none" "None, on this machine only",
    }
}
text_column!(Security);

/// A mail server and how to use it.
#[derive(Clone)]
pub struct Server {
    /// The server's name or address.
    pub host: String,
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// The user name for the sign-in; empty for none.
    pub username: String,
    pub password: Option<Zeroizing<String>>,
    /// The sender's address.
    pub sender: String,
}

impl Server {
    /// Its name or address, without the brackets that an IPv6 address has in a URL.
    pub(super) fn name(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }
}

/// Whether `host` is this machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}
