//! `latchkey health`: asks a running Latchkey whether it is ready, for the health check of a container.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::write_line;
use crate::base::error::{Error, Result};
use crate::base::network::TrustedRoots;
use crate::base::outgoing::{BodyLimit, Client, http};
use crate::config::{Config, PublicUrl};

/// How much of the answer is read, in bytes; it is a line or two.
const MAX_ANSWER_LENGTH: u64 = 1024;

/// Asks the Latchkey at `url`, by default the one that these settings start.
///
/// # Errors
/// [`Error::Internal`] with the reason when it is not ready.
pub(super) fn run(config: &Config, url: Option<&PublicUrl>, output: &mut impl Write) -> Result<()> {
    let client = Client::for_operator(&TrustedRoots::load(config.server.ca_file.as_deref())?);
    let (client, url) = match url {
        Some(url) => (client, url.to_string()),
        // Its certificate is for the public host, and the request contains no secret.
        None => (Client::without_verification(), own_url(config)?),
    };
    let request = http::Request::get(format!("{url}/readyz")).body(Vec::new());
    let request = request.map_err(Error::internal)?;
    let failed = |why: &str| Error::Internal(format!("{url} is not ready: {why}"));
    let answer = client.send(request, BodyLimit::Start(MAX_ANSWER_LENGTH));
    let answer = answer.map_err(|error| failed(&error))?;
    if answer.status().is_success() {
        return write_line(output, "ready");
    }
    Err(failed(String::from_utf8_lossy(answer.body()).trim()))
}

/// The URL that this machine reaches the dashboard's address by.
fn own_url(config: &Config) -> Result<String> {
    let server = &config.server;
    let mut address = server.listen;
    if address.port() == 0 {
        let message = "with port 0, only Latchkey itself knows its address: give it with --url";
        return Err(Error::Internal(message.into()));
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{address}"))
}
