//! What Latchkey knows and does, a folder for each feature: its verbs in `mod.rs`, its nouns one file
//! each, its SQL in `store`. Knows no page and no template.
//!
//! From left to right, each may use those before it: [`activity`], [`settings`], [`mail`], [`members`],
//! [`sign_in`], [`scopes`], [`roles`], [`api_keys`], [`usage`], [`verification`], [`diagnosis`],
//! [`webhooks`], [`leaks`], [`reviews`], [`attention`], [`alerts`].

pub mod activity;
pub mod alerts;
pub mod api_keys;
pub mod attention;
pub mod diagnosis;
pub mod leaks;
pub mod mail;
pub mod members;
pub mod reviews;
pub mod roles;
pub mod scopes;
pub mod settings;
pub mod sign_in;
pub mod usage;
pub mod verification;
pub mod webhooks;
