//! Client connections: how many at once, for how long, and which are closed to make room.
//!
//! actix's own server limits neither slow bodies nor responses that clients do not read, so its
//! HTTP service runs on our own streams. Does not depend on any feature or route.

mod connection;
mod descriptors;
mod ending;
mod listener;
mod registry;
mod requests;
mod stream;
mod tls;
mod upgrade;

pub use connection::{BodyGuard, Connection};
pub use descriptors::{Shares, raise_limit, widen_backlog};
pub use ending::Ending;
pub use listener::{Listener, serve};
pub use registry::Limits;
pub use requests::forbid_sniffing;
pub use tls::Tls;
