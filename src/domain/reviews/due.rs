//! Whether a review is due according to the settings.

use super::{Progress, Review, progress, store};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::{api_keys, settings};

/// Why a review needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A review is open, with this progress.
    Open(Review, Progress),
    /// A review has been due since then.
    Since(Timestamp),
}

/// Whether a review needs attention: one that is open, or one that should be started. A review is
/// due `review_days` after the last one was finished, or after the first key was created. It is
/// never due if `review_days` is 0 or there is no active key.
pub fn due(connection: &mut Connection, now: Timestamp) -> Result<Option<Due>> {
    if let Some(open) = store::open(connection)? {
        let progress = progress(connection, &open, now)?;
        return Ok(Some(Due::Open(open, progress)));
    }
    Ok(since(connection, now)?.map(Due::Since))
}

/// Whether [`due`] would return a review.
pub fn is_due(connection: &mut Connection, now: Timestamp) -> Result<bool> {
    Ok(store::open(connection)?.is_some() || since(connection, now)?.is_some())
}

/// Since when the next review is due.
fn since(connection: &mut Connection, now: Timestamp) -> Result<Option<Timestamp>> {
    let days = i64::from(settings::get(connection)?.review_days);
    if days == 0 {
        return Ok(None);
    }
    let last = store::finished_before(connection, Timestamp::from_millis(i64::MAX))?;
    let interval_start = match last.and_then(|review| review.ended) {
        Some(ended) => Some(ended.at),
        None => api_keys::first_created_at(connection)?,
    };
    let since = interval_start
        .map(|interval_start| interval_start.plus(days * DAY))
        .filter(|since| *since <= now);
    // Without an active key there is nothing to review.
    if since.is_none() || api_keys::active_after(connection, "", now, 1)?.is_empty() {
        return Ok(None);
    }
    Ok(since)
}
