//! Where the mail server may be: at public addresses, and in the private networks that the
//! configuration allows. So a person who enters a mail server cannot probe what only this machine
//! or its network can reach (ASVS 13.2.5).

use std::net::IpAddr;

use super::{Security, Server};
use crate::base::network::{Networks, is_public};

/// The addresses of `server` to which a connection is allowed.
pub(super) async fn addresses(server: &Server, networks: &Networks) -> Result<Vec<IpAddr>, String> {
    let (host, port) = (server.name(), server.port);
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<IpAddr> = found.into_iter().flatten().map(|socket| socket.ip()).collect();
    if found.is_empty() {
        return Err(format!("{host} was not found"));
    }
    let allowed = |address: &IpAddr| allows(*address, server.security, networks);
    let allowed: Vec<IpAddr> = found.into_iter().filter(allowed).collect();
    if allowed.is_empty() {
        return Err(format!(
            "{host} is not at a public address. To allow its network, start Latchkey with \
             --mail-networks"
        ));
    }
    Ok(allowed)
}

/// Whether a connection to `server` is allowed; sends nothing.
pub fn check_network(server: &Server, networks: &Networks) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(addresses(server, networks)).map(drop)
}

/// Without encryption, only this machine can be the mail server.
fn allows(address: IpAddr, security: Security, networks: &Networks) -> bool {
    let is_listed = networks.contains(address);
    match security {
        Security::None => is_listed && address.to_canonical().is_loopback(),
        Security::StartTls | Security::Tls => is_listed || is_public(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(address: &str, security: Security, networks: &str) -> bool {
        let networks = Networks::parse(networks).expect("networks");
        allows(address.parse().expect("an address"), security, &networks)
    }

    #[test]
    fn private_addresses_are_allowed_if_a_listed_network_contains_them() {
        for address in
            ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1"]
        {
            for security in [Security::StartTls, Security::Tls] {
                assert!(!allowed(address, security, ""), "{address}");
                assert!(!allowed(address, security, "192.168.0.0/16"), "{address}");
                assert!(allowed(address, security, "127.0.0.0/8,10.0.0.0/8,169.254.0.0/16,::/0"));
            }
        }
        assert!(allowed("8.8.8.8", Security::Tls, ""));
    }

    #[test]
    fn without_encryption_only_this_machine_is_allowed_and_only_if_it_is_listed() {
        assert!(!allowed("127.0.0.1", Security::None, ""));
        assert!(allowed("127.0.0.1", Security::None, "127.0.0.0/8"));
        assert!(!allowed("::1", Security::None, "127.0.0.0/8"));
        assert!(!allowed("10.0.0.1", Security::None, "0.0.0.0/0"));
        assert!(!allowed("8.8.8.8", Security::None, "0.0.0.0/0"));
    }
}
