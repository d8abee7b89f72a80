//! Latchkey.
pub mod activity;
pub mod api_keys;
pub mod clock;
pub mod db;
pub mod error;
pub mod keyring;
pub mod members;
pub mod random;
pub mod roles;
pub mod scopes;
pub mod settings;
pub mod text;
