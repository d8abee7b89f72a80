//! Addresses for templates.

use crate::base::clock::{Timestamp, ago, day_and_time};
use crate::base::text::thousands;
use crate::domain::usage::SeenAddress;

/// An address from which a key was used.
pub struct SeenView {
    pub address: String,
    /// When it was first seen.
    pub first: String,
    /// RFC 3339.
    pub first_at: String,
    /// When it was last seen.
    pub last: String,
    /// RFC 3339.
    pub last_at: String,
    /// The number of allowed requests from it.
    pub count: String,
}

impl SeenView {
    pub fn new(seen: &SeenAddress, now: Timestamp) -> Self {
        Self {
            address: seen.address.to_string(),
            first: day_and_time(seen.first, now),
            first_at: seen.first.rfc_3339(),
            last: ago(seen.last, now),
            last_at: seen.last.rfc_3339(),
            count: thousands(seen.count.unsigned_abs()),
        }
    }
}
