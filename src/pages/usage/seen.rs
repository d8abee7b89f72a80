//! Addresses for templates.

use crate::base::clock::Timestamp;
use crate::base::text::thousands;
use crate::domain::usage::SeenAddress;
use crate::web::time_view::TimeView;

/// An address from which a key was used.
pub struct SeenView {
    pub address: String,
    /// When it was first seen.
    pub first: TimeView,
    /// When it was last seen.
    pub last: TimeView,
    /// The number of allowed requests from it.
    pub count: String,
}

impl SeenView {
    pub fn new(seen: &SeenAddress, now: Timestamp) -> Self {
        Self {
            address: seen.address.to_string(),
            first: TimeView::day_and_time(seen.first, now),
            last: TimeView::ago(seen.last, now),
            count: thousands(seen.count.unsigned_abs()),
        }
    }
}
