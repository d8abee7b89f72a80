//! What keeps others out: each test names an attack that must fail.

mod bad_input;
mod cross_site;
mod every_write;
pub mod faults;
mod headers;
mod matrix;
mod secret_in_query;
