//! A running program with a database of its own, and the people who use it.

mod app;
mod client;
mod database;
mod page;

pub use app::{App, NOW, PASSWORD};
pub use client::Client;
pub use database::Database;
pub use page::Page;
