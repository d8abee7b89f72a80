//! The HTTP face of signing in.

mod anonymous;
pub mod session;
