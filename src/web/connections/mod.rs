//! How clients are connected: how many at once, for how long, and who has to make room.
//!
//! actix's own server bounds neither slow bodies nor answers that nobody takes, so its HTTP service
//! runs on streams of our own. Knows no feature and no route.

mod connection;
mod descriptors;
mod ending;
mod listener;
mod registry;
mod requests;
mod stream;
mod tls;
mod upgrade;

pub use connection::{Connection, ReadingBody};
pub use descriptors::{Shares, raise_limit, widen_backlog};
pub use ending::Ending;
pub use listener::{Listener, serve};
pub use registry::Limits;
pub use requests::forbid_sniffing;
pub use tls::Tls;
