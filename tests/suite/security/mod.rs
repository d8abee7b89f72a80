//! Tests of security. The name of each test describes an attack that must fail.

mod after_commit;
mod authority;
mod bad_input;
mod bodies;
mod cross_site;
mod crowd;
mod denials;
mod every_write;
mod failed_sign_ins;
pub mod faults;
pub mod form_tokens;
mod headers;
mod matrix;
pub mod secret_forms;
mod secret_in_query;
mod step_up;
mod storm;
mod without_writes;
