//! What keeps others out: each test names an attack that must fail.

mod authority;
mod bad_input;
mod cross_site;
mod every_write;
pub mod faults;
mod headers;
mod matrix;
