//! All background work.

mod presence;
mod purge;
mod schedule;
mod usage_writer;
mod worker;

pub use usage_writer::Writer;
pub use worker::{Dependencies, Worker};
