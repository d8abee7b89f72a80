//! Latchkey: where an organisation keeps the API keys of its applications.
//!
//! # The map
//! From top to bottom; each uses only those below it.
//! - [`cli`] reads a command and does it; [`server`] puts the program together: middleware, routes,
//!   the work in the background.
//! - [`demo`] fills an empty database with a sample organisation.
//! - [`gateway`] answers gateways and services: `/v1/authorize`, `/v1/introspect`, `/metrics`.
//! - [`pages`] is the dashboard; [`web`] is the kit that pages are made with, and knows no feature.
//! - [`jobs`] is the work in the background; [`letters`] has the words of emails.
//! - [`domain`] is what Latchkey knows and does, a folder for each feature.
//! - [`db`] reads and writes, in a transaction; [`config`] is what the program was told.
//! - [`base`] is what every other folder uses.

pub mod base;
pub mod cli;
pub mod config;
pub mod db;
pub mod demo;
pub mod domain;
pub mod gateway;
pub mod jobs;
pub mod letters;
pub mod pages;
pub mod server;
pub mod web;
