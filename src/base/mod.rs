//! What every other folder uses: time, errors, keys, text and networks. Does not depend on the
//! database or on pages.

pub mod background;
pub mod clock;
pub mod clock_steps;
pub(crate) mod closed_set;
pub mod error;
pub mod files;
pub mod keyring;
pub mod network;
pub mod outgoing;
pub mod progress;
pub mod random;
pub mod rate;
pub mod secret_scan;
pub mod service_manager;
pub mod stop;
pub mod text;
pub mod word;
