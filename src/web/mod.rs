//! The kit that pages are made with: routes behind a gate, forms, notices, error pages, exports,
//! assets.
//!
//! Knows actix and no feature.

pub mod assets;
pub mod body;
pub mod client_address;
pub mod connections;
pub mod cookie;
pub mod csv;
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
pub mod query;
pub mod refusal;
pub mod routes;
pub mod same_origin;
pub mod secret_in_query;
mod store;
pub mod theme;
pub mod upload;

use url::Host;

use crate::base::clock::Clock;
use crate::base::clock_steps::ClockSteps;
use crate::base::keyring::Keyring;
use crate::base::network::{Networks, TrustedRoots};
use crate::config::{PublicUrl, TrustedProxies};
use crate::db::Db;

/// What every handler may need of the site.
#[derive(Clone)]
pub struct Site {
    pub db: Db,
    pub keyring: Keyring,
    pub clock: Clock,
    /// Whether it was set back.
    pub clock_steps: ClockSteps,
    /// Where people reach the site.
    pub public_url: PublicUrl,
    /// Whose word on the client's address counts.
    pub trusted_proxies: TrustedProxies,
    /// Which private networks webhooks may reach.
    pub webhook_networks: Networks,
    /// Which private networks the mail server may be in.
    pub mail_networks: Networks,
    /// What the program calls itself to the mail server.
    pub ehlo_name: Host,
    /// Whose certificates are trusted of webhooks' receivers and the mail server.
    pub trusted_roots: TrustedRoots,
    /// The exports that run.
    pub exports: export::Exports,
}
