//! The tests that every gateway must pass.

mod addresses;
mod failures;
mod headers;
mod keys;
mod paths;

pub use addresses::*;
pub use failures::*;
pub use headers::*;
pub use keys::*;
pub use paths::*;
