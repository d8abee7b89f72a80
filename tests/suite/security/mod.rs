//! What keeps others out: each test names an attack that must fail.

mod bad_input;
mod bodies;
mod cross_site;
mod crowd;
mod denials;
mod every_write;
mod failed_sign_ins;
pub mod faults;
mod headers;
mod matrix;
mod storm;
