//! What keeps others out: each test names an attack that must fail.

mod after_commit;
mod bad_input;
mod cross_site;
mod every_write;
pub mod faults;
mod form_tokens;
mod headers;
mod matrix;
pub mod secret_forms;
