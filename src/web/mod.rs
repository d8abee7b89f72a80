//! The toolkit for pages: gated routes, forms, notices, error pages, exports, assets.
//!
//! Depends on actix and not on any feature.

pub mod assets;
pub mod body;
pub mod client_address;
pub mod connections;
pub mod cookie;
pub mod csv;
pub mod dialog_form;
pub mod error_page;
pub mod escape;
pub mod export;
pub mod flash;
pub mod fold;
pub mod form;
pub mod form_token;
pub mod headers;
pub mod list;
pub mod log;
pub mod metrics;
pub mod page;
pub mod path;
mod proof;
pub mod qr;
pub mod query;
pub mod rejection;
pub mod routes;
pub mod same_origin;
pub mod secret_in_query;
mod store;
pub mod theme;
pub mod time_view;
pub mod upload;

use std::sync::Arc;

use url::Host;

use crate::base::clock::Clock;
use crate::base::clock_steps::ClockSteps;
use crate::base::keyring::Keyring;
use crate::base::network::{Networks, TrustedRoots};
use crate::config::{Config, CredentialHeaders, PublicUrl, TrustedProxies};
use crate::db::Db;

/// The state of the site for handlers.
#[derive(Clone)]
pub struct Site {
    pub db: Db,
    pub keyring: Keyring,
    pub clock: Clock,
    /// Whether the clock was set back.
    pub clock_steps: ClockSteps,
    /// The URL at which people reach the site.
    pub public_url: PublicUrl,
    /// The URL at which gateways and services reach the endpoints for programs.
    pub gateway_url: PublicUrl,
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
    /// The name for the EHLO greeting to the mail server.
    pub ehlo_name: Host,
    /// The trusted certificate authorities for webhook receivers and the mail server.
    pub trusted_roots: TrustedRoots,
    /// The configuration that the program was started with.
    pub config: Arc<Config>,
    /// The running exports.
    pub exports: export::Exports,
}
