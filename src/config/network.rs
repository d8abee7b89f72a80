//! Where to serve, under which URL, and which proxies to trust.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use url::Host;

use super::{ConfigError, CredentialHeaders, PublicUrl, TrustedProxies};
use crate::base::network::Networks;

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
    /// Headers that may carry a secret key, separated by commas; authorization-basic allows it as the user of
    /// HTTP Basic
    #[arg(long, global = true, env = "LATCHKEY_CREDENTIAL_HEADERS", hide_env_values = true,
        value_name = "HEADERS", default_value = "authorization",
        value_parser = CredentialHeaders::parse)]
    credential_headers: CredentialHeaders,
    /// The longest time, in seconds, that a client may cache an answer of /v1/introspect by its exp [default:
    /// until the key expires]
    #[arg(long, global = true, env = "LATCHKEY_INTROSPECTION_MAX_AGE", hide_env_values = true,
        value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    introspection_max_age: Option<u32>,
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
    /// The name that the mail server is greeted with [default: the host of the public URL]
    #[arg(long, global = true, env = "LATCHKEY_MAIL_EHLO_NAME", hide_env_values = true,
        value_name = "NAME", value_parser = host)]
    mail_ehlo_name: Option<Host>,
    /// Certificates of authorities that webhooks' receivers and the mail server are trusted by too, in
    /// PEM form
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_CA_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    ca_file: Option<PathBuf>,
    /// An address and port for the endpoints for programs alone
    #[arg(long, global = true, env = "LATCHKEY_VERIFY_LISTEN", hide_env_values = true,
        value_name = "ADDRESS", value_parser = socket_address)]
    verify_listen: Option<SocketAddr>,
    /// Another address and port for /metrics, which the address for the endpoints for programs serves only
    /// on this machine
    #[arg(long, global = true, env = "LATCHKEY_METRICS_LISTEN", hide_env_values = true,
        value_name = "ADDRESS", value_parser = socket_address)]
    metrics_listen: Option<SocketAddr>,
    /// The certificate and its chain, in PEM form: both addresses then speak https
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_TLS_CERT",
        hide_env_values = true,
        value_name = "FILE"
    )]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM form; both files are read again when they change
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_TLS_KEY",
        hide_env_values = true,
        value_name = "FILE"
    )]
    tls_key: Option<PathBuf>,
    /// How many threads serve [default: one for each core]
    #[arg(long, global = true, env = "LATCHKEY_WORKERS", hide_env_values = true,
        value_name = "N", value_parser = workers)]
    workers: Option<NonZeroUsize>,
    /// Allow plain http beyond this machine: passwords and secret keys travel in the clear
    #[arg(long, global = true, env = "LATCHKEY_INSECURE_HTTP", hide_env_values = true,
        value_parser = yes_or_no)]
    insecure_http: bool,
    /// Allow plain http beyond this machine for programs: secret keys travel in the clear
    #[arg(long, global = true, env = "LATCHKEY_INSECURE_VERIFY_HTTP", hide_env_values = true,
        value_parser = yes_or_no)]
    insecure_verify_http: bool,
}

/// Where and how to serve.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The address to serve on; port 0 selects any free one.
    pub listen: SocketAddr,
    /// The public URL, if given.
    pub public_url: Option<PublicUrl>,
    /// The proxies that are trusted to report the client's address.
    pub trusted_proxies: TrustedProxies,
    /// The headers that may carry a secret key.
    pub credential_headers: CredentialHeaders,
    /// How many seconds after an introspection its `exp` is at the latest, if limited.
    pub introspection_max_age: Option<u32>,
    /// The private networks that webhooks may reach.
    pub webhook_networks: Networks,
    /// The private networks that may contain the mail server.
    pub mail_networks: Networks,
    /// The name for the EHLO greeting to the mail server, if given.
    pub mail_ehlo_name: Option<Host>,
    /// A file with certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// A separate address for the endpoints for programs.
    pub verify_listen: Option<SocketAddr>,
    /// A separate address for metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// The certificate and its key, if TLS ends here.
    pub tls: Option<TlsFiles>,
    /// The number of threads that serve; one for each core unless given.
    pub workers: Option<NonZeroUsize>,
    /// Whether plain http is allowed beyond this machine.
    pub insecure_http: bool,
    /// Whether plain http is allowed beyond this machine for the endpoints for programs on a
    /// separate address.
    pub insecure_verify_http: bool,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate and its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl NetworkOptions {
    pub(super) fn settle(self) -> Result<ServerConfig, ConfigError> {
        self.reject_shared_addresses()?;
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (given, _) => {
                let (given, missing) = match given {
                    Some(_) => ("--tls-cert", "--tls-key"),
                    None => ("--tls-key", "--tls-cert"),
                };
                return Err(ConfigError::new(format!(
                    "{given} needs {missing}: give both, or neither"
                )));
            }
        };
        Ok(ServerConfig {
            listen: self.listen,
            public_url: self.public_url,
            trusted_proxies: self.trusted_proxies,
            credential_headers: self.credential_headers,
            introspection_max_age: self.introspection_max_age,
            webhook_networks: self.webhook_networks,
            mail_networks: self.mail_networks,
            mail_ehlo_name: self.mail_ehlo_name,
            ca_file: self.ca_file,
            verify_listen: self.verify_listen,
            metrics_listen: self.metrics_listen,
            tls,
            workers: self.workers,
            insecure_http: self.insecure_http,
            insecure_verify_http: self.insecure_verify_http,
        })
    }

    fn reject_shared_addresses(&self) -> Result<(), ConfigError> {
        let others =
            [("--verify-listen", self.verify_listen), ("--metrics-listen", self.metrics_listen)];
        let mut taken = vec![("--listen", self.listen)];
        for (option, address) in others {
            let Some(address) = address else { continue };
            let other = taken.iter().find(|(_, other)| *other == address && address.port() != 0);
            if let Some((other, _)) = other {
                return Err(ConfigError::new(format!(
                    "{option} and {other} are both {address}: give {option} another port, or leave it out"
                )));
            }
            taken.push((option, address));
        }
        Ok(())
    }
}

impl ServerConfig {
    /// The public URL of a server that serves on `bound`.
    pub fn public_url(&self, bound: SocketAddr) -> PublicUrl {
        let direct = || PublicUrl::of_address(bound, self.tls.is_some());
        self.public_url.clone().unwrap_or_else(direct)
    }

    /// The URL of a server whose endpoints for programs are served on `verify`, if given, and
    /// otherwise with the dashboard. A proxy that ends TLS for browsers is not in between: gateways
    /// connect to the listener.
    pub fn gateway_url(&self, dashboard: SocketAddr, verify: Option<SocketAddr>) -> PublicUrl {
        let (public, is_https) = (self.public_url(dashboard), self.tls.is_some());
        if verify.is_none() && public.is_https() == is_https {
            return public;
        }
        let bound = verify.unwrap_or(dashboard);
        if bound.ip().to_canonical().is_unspecified() {
            PublicUrl::new(public.host().clone(), bound.port(), is_https)
        } else {
            PublicUrl::of_address(bound, is_https)
        }
    }

    /// Checks the settings that serving needs.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.reject_every_address()?;
        self.reject_plain_http()
    }

    /// Rejects an unspecified address without a public URL: a browser cannot open it, and forms are
    /// accepted only from the public URL.
    fn reject_every_address(&self) -> Result<(), ConfigError> {
        if self.public_url.is_none() && self.listen.ip().to_canonical().is_unspecified() {
            return Err(ConfigError::new(format!(
                "--listen {} is every address of this machine: give the one that browsers use with \
                 --public-url, as https://keys.example.com (plain http needs --insecure-http as well)",
                self.listen
            )));
        }
        Ok(())
    }

    /// The name that the program with that public URL sends to the mail server.
    pub fn ehlo_name(&self, public_url: &PublicUrl) -> Host {
        self.mail_ehlo_name.clone().unwrap_or_else(|| public_url.host().clone())
    }

    /// Over plain http, anyone on the network path can read passwords and secret keys (ASVS
    /// 12.2.1): other machines must not reach a listener that way unless the operator allows it.
    fn reject_plain_http(&self) -> Result<(), ConfigError> {
        let is_loopback = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        let url = self.public_url(self.listen);
        let is_local = url.is_loopback() && is_loopback(self.listen);
        if !(url.is_https() || is_local || self.insecure_http) {
            return Err(ConfigError::new(format!(
                "{url} on {} would send passwords in the clear: give an https --public-url and a \
                 proxy that ends TLS, --tls-cert and --tls-key, or --insecure-http",
                self.listen
            )));
        }
        match self.verify_listen {
            Some(address)
                if !(self.tls.is_some() || is_loopback(address) || self.insecure_verify_http) =>
            {
                Err(ConfigError::new(format!(
                    "--verify-listen {address} would send secret keys in the clear: give \
                     --tls-cert and --tls-key, or --insecure-verify-http"
                )))
            }
            _ => Ok(()),
        }
    }
}

fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "give an IP address and a port, as 127.0.0.1:8080 or [::1]:8080; names are not taken".into()
    })
}

fn host(text: &str) -> Result<Host, String> {
    let known = Host::parse(text).or_else(|_| Host::parse(&format!("[{text}]")));
    known.map_err(|_| "give a host name or an address, as keys.example.com".into())
}

fn workers(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "give a whole number, 1 or more".into())
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("give true or false".into()),
    }
}
