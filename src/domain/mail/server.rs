//! A mail server.

use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;

closed_set! {
    /// How what is sent to a mail server is kept from others. The most usual comes first.
    pub enum Security {
        /// STARTTLS, without which nothing is sent (RFC 3207); port 587.
        StartTls = "starttls" "STARTTLS",
        /// TLS from the start (RFC 8314); port 465.
        Tls = "tls" "TLS",
        /// Not at all: for a server on the same machine.
        None = "none" "None, on this machine only",
    }
}
text_column!(Security);

/// A mail server and how to use it.
#[derive(Clone)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    pub port: u16,
    /// How what is sent is kept from others.
    pub security: Security,
    /// Whom to sign in as; empty for nobody.
    pub username: String,
    /// The password to it.
    pub password: Option<Zeroizing<String>>,
    /// The address that messages come from.
    pub sender: String,
}

impl Server {
    /// Its name or address, the latter without the brackets that an IPv6 address has in a URL.
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
