//! Latchkey: where an organisation keeps the API keys of its applications.
//!
//! # The map
//! From top to bottom; each uses only those below it.
//! - [`cli`] reads a command and runs it; [`server`] assembles the program: middleware, routes and
//!   background work.
//! - [`demo`] fills an empty database with a sample organisation.
//! - [`gateway`] answers gateways and services: `/v1/authorize`, `/v1/introspect`, `/metrics`.
//! - [`pages`] is the dashboard; [`web`] is the toolkit for pages, and does not depend on any
//!   feature.
//! - [`doctor`] says what is wrong with an installation.
//! - [`jobs`] is the background work; [`letters`] has the text of emails.
//! - [`domain`] is what Latchkey knows and does, with a folder for each feature.
//! - [`db`] reads and writes in transactions; [`config`] is the program's configuration.
//! - [`base`] is what every other folder uses.

pub mod base;
pub mod cli;
pub mod config;
pub mod db;
pub mod demo;
pub mod doctor;
pub mod domain;
pub mod gateway;
pub mod jobs;
pub mod letters;
pub mod pages;
pub mod server;
pub mod web;
