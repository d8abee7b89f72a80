//! The URL at which browsers reach the dashboard.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

/// The URL at which browsers reach the dashboard: a scheme, a host and an optional port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    host: Host,
    https: bool,
    port: u16,
}

impl PublicUrl {
    /// Parses and checks a URL.
    pub fn parse(text: &str) -> Result<Self, String> {
        let advice =
            || "give http:// or https:// and a host, as https://keys.example.com".to_owned();
        let url = Url::parse(text).map_err(|_| advice())?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(advice()),
        };
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err("give it without a path, user name or query".into());
        }
        let host = url.host().ok_or_else(advice)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(advice)?;
        Ok(Self { origin: url.origin().ascii_serialization(), host, https, port })
    }

    /// The URL of a server that is reached directly.
    pub(super) fn of_address(bound: SocketAddr, https: bool) -> Self {
        let host = match bound.ip() {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        };
        Self::new(host, bound.port(), https)
    }

    pub(super) fn new(host: Host, port: u16, https: bool) -> Self {
        let scheme = if https { "https" } else { "http" };
        Self { origin: format!("{scheme}://{host}:{port}"), host, https, port }
    }

    /// The origin in the form that browsers send: `https://keys.example.com`, without a trailing
    /// slash.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host; a name is in ASCII.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Whether browsers use https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The port that browsers connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether only browsers on this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            // RFC 6761, 6.3.
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}
