//! Latchkey: where an organisation keeps the API keys of its applications.
//!
//! # The map
//! - [`cli`] reads a command and does it; [`config`] is what it was told; [`server`] puts the
//!   dashboard together.
//! - A feature is a folder: its verbs in `mod.rs`, its nouns one file each, its SQL in `store.rs`,
//!   its pages in `http/`. From left to right, each may use those before it: [`activity`],
//!   [`settings`], [`mail`], [`members`], [`sign_in`], [`scopes`], [`roles`], [`api_keys`], [`usage`],
//!   [`verification`], [`diagnosis`], [`webhooks`], [`leaks`], [`reviews`], [`attention`],
//!   [`alerts`].
//! - [`demo`] fills an empty database with a sample organisation.
//! - [`db`] reads and writes, in a transaction; [`web`] is the kit that pages are made with.
//! - [`background`], [`backoff`], [`clock`], [`clock_steps`], [`error`], [`files`], [`keyring`], [`network`],
//!   [`random`], [`rate`], [`secret_scan`], [`stop`] and [`text`] are what everything stands on.

pub mod activity;
pub mod alerts;
pub mod api_keys;
pub mod attention;
pub mod background;
pub mod backoff;
pub mod cli;
pub mod clock;
pub mod clock_steps;
pub mod config;
pub mod db;
pub mod demo;
pub mod diagnosis;
pub mod error;
pub mod files;
pub mod keyring;
pub mod leaks;
pub mod mail;
pub mod members;
pub mod network;
pub mod random;
pub mod rate;
pub mod reviews;
pub mod roles;
pub mod scopes;
pub mod secret_scan;
pub mod server;
pub mod settings;
pub mod sign_in;
pub mod stop;
pub mod text;
pub mod usage;
pub mod verification;
pub mod web;
pub mod webhooks;
