//! Signing in: passwords and how often they may be tried, sessions, one-time codes, set-up.
//!
//! Uses activity, settings and members; knows no later feature.

mod codes;
#[cfg(test)]
pub(crate) mod fixture;
mod hash;
pub mod hasher;
mod network;
pub mod password;
mod rate;
pub mod reset;
pub mod sessions;
pub mod set_up;
mod store;
pub mod throttle;

pub use hasher::{Busy, Hasher};
pub use password::Password;
pub use throttle::Throttle;
