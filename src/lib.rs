//! Latchkey.
pub mod activity;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod keyring;
pub mod members;
pub mod random;
pub mod settings;
pub mod sign_in;
pub mod text;
