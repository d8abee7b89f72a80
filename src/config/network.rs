//! Where to serve, as whom, and which proxies to believe.

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use clap::Args;

use super::{PublicUrl, Refusal, TrustedProxies};
use crate::network::Networks;

#[derive(Args)]
pub(super) struct NetworkOptions {
    /// The address and port to serve on; port 0 takes a free one
    #[arg(long, global = true, env = "LATCHKEY_LISTEN", hide_env_values = true,
        value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = socket_address)]
    listen: SocketAddr,
    /// The URL that browsers reach the dashboard by [default: http:// and the address served on]
    #[arg(long, global = true, env = "LATCHKEY_PUBLIC_URL", hide_env_values = true,
        value_name = "URL", value_parser = PublicUrl::parse)]
    public_url: Option<PublicUrl>,
    /// Networks whose proxies tell the client's address, separated by commas
    #[arg(long, global = true, env = "LATCHKEY_TRUSTED_PROXIES", hide_env_values = true,
        value_name = "CIDRS", default_value = "",
        hide_default_value = true, value_parser = TrustedProxies::parse)]
    trusted_proxies: TrustedProxies,
    /// Private networks that webhooks may reach, separated by commas
    #[arg(long, global = true, env = "LATCHKEY_WEBHOOK_NETWORKS", hide_env_values = true,
        value_name = "CIDRS", default_value = "",
        hide_default_value = true, value_parser = Networks::parse)]
    webhook_networks: Networks,
    /// Private networks that the mail server may be in, separated by commas
    #[arg(long, global = true, env = "LATCHKEY_MAIL_NETWORKS", hide_env_values = true,
        value_name = "CIDRS", default_value = "",
        hide_default_value = true, value_parser = Networks::parse)]
    mail_networks: Networks,
    /// An address and port for the endpoints for programs alone
    #[arg(long, global = true, env = "LATCHKEY_VERIFY_LISTEN", hide_env_values = true,
        value_name = "ADDRESS", value_parser = socket_address)]
    verify_listen: Option<SocketAddr>,
    /// How many threads serve [default: one for each core]
    #[arg(long, global = true, env = "LATCHKEY_WORKERS", hide_env_values = true,
        value_name = "N", value_parser = workers)]
    workers: Option<NonZeroUsize>,
    /// Allow plain http beyond this machine: passwords and secret keys travel in the clear
    #[arg(long, global = true, env = "LATCHKEY_INSECURE_HTTP", hide_env_values = true,
        value_parser = yes_or_no)]
    insecure_http: bool,
}

/// Where and how to serve.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The address to serve on; port 0 means any free one.
    pub listen: SocketAddr,
    /// The public URL, if it was given.
    pub public_url: Option<PublicUrl>,
    /// Whom to believe about the client's address.
    pub trusted_proxies: TrustedProxies,
    /// Which private networks webhooks may reach.
    pub webhook_networks: Networks,
    /// Which private networks the mail server may be in.
    pub mail_networks: Networks,
    /// An address of their own for the endpoints for programs.
    pub verify_listen: Option<SocketAddr>,
    /// How many threads serve; one for each core unless given.
    pub workers: Option<NonZeroUsize>,
    /// Whether plain http is allowed beyond this machine.
    pub insecure_http: bool,
}

impl NetworkOptions {
    pub(super) fn settle(self) -> Result<ServerConfig, Refusal> {
        if self.verify_listen.is_some_and(|other| other == self.listen && other.port() != 0) {
            return Err(Refusal::new(format!(
                "--verify-listen and --listen are both {}: give --verify-listen another port, or \
                 leave it out",
                self.listen
            )));
        }
        Ok(ServerConfig {
            listen: self.listen,
            public_url: self.public_url,
            trusted_proxies: self.trusted_proxies,
            webhook_networks: self.webhook_networks,
            mail_networks: self.mail_networks,
            verify_listen: self.verify_listen,
            workers: self.workers,
            insecure_http: self.insecure_http,
        })
    }
}

impl ServerConfig {
    /// The public URL of a server that serves on `bound`.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::of_address(bound))
    }

    /// Over plain http anybody on the way reads passwords (ASVS 12.2.1): it must not leave the
    /// machine unless somebody says so.
    pub(super) fn refuse_plain_http(&self) -> Result<(), Refusal> {
        let url = self.public_url(self.listen);
        let stays_here = url.is_loopback() && self.listen.ip().to_canonical().is_loopback();
        if url.is_https() || stays_here || self.insecure_http {
            return Ok(());
        }
        Err(Refusal::new(format!(
            "{url} on {} would send passwords in the clear: give an https --public-url and a \
             proxy that ends TLS, or --insecure-http",
            self.listen
        )))
    }
}

fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "give an address and a port, as 127.0.0.1:8080".into())
}

fn workers(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "give a whole number, 1 or more".into())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("give true or false".into()),
    }
}
