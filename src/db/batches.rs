//! Writes large amounts in small batches, so that other writers do not wait long.

use std::time::{Duration, Instant};

use super::{Db, Transaction};
use crate::base::error::Result;

/// The minimum time between two batches, in which others can write.
const MIN_REST: Duration = Duration::from_millis(20);
/// The time between two batches, as a multiple of the previous batch's duration.
const REST_FACTOR: u32 = 4;

impl Db {
    /// Runs `batch` in its own transaction, repeatedly while it returns that there is more.
    pub async fn write_in_batches(
        &self,
        batch: impl FnOnce(&mut Transaction<'_>) -> Result<bool> + Copy + Send + 'static,
    ) -> Result<()> {
        loop {
            let begun = Instant::now();
            if !self.write(batch).await? {
                return Ok(());
            }
            tokio::time::sleep((begun.elapsed() * REST_FACTOR).max(MIN_REST)).await;
        }
    }
}
