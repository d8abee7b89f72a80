//! A running program with its own database, and the clients and servers that it talks to.

mod app;
pub mod authenticator;
mod authenticator_app;
pub mod authority;
pub mod certified;
mod client;
mod database;
pub mod files;
mod page;
pub mod provider;
mod raw_connection;
pub mod receiver;
mod shell;
pub mod smtp;
mod token;

pub use app::{App, NOW, PASSWORD, PASSWORD_HASH, usual_draft};
pub use authenticator::{Authenticator, PASSKEY_ORIGIN};
pub use authenticator_app::AuthenticatorApp;
pub use client::{Client, encoded, key_fields, replaced};
pub use database::{Database, is_postgres, postgres_server};
pub use page::Page;
pub use raw_connection::RawConnection;
pub use shell::{Server, Shell};
