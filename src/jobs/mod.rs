//! All background work.

mod clearing;
mod schedule;
mod usage_writer;
mod worker;

pub use usage_writer::Writer;
pub use worker::{Needs, Worker};
