//! A running program with a database of its own, and the people who use it.

mod app;
pub mod authority;
mod client;
mod database;
pub mod files;
mod line;
mod page;
pub mod receiver;
mod shell;
pub mod smtp;
mod token;

pub use app::{App, NOW, PASSWORD, PASSWORD_HASH, usual_draft};
pub use client::{Client, encoded, key_fields, replaced};
pub use database::{Database, is_postgres, postgres_server};
pub use line::Line;
pub use page::Page;
pub use shell::Shell;
