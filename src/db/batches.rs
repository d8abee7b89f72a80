//! Writing a lot a little at a time, so that nobody else who writes waits for long.

use std::time::{Duration, Instant};

use super::{Db, Transaction};
use crate::base::error::Result;

/// How long others have the database for themselves between two batches, at least,
const SHORTEST_REST: Duration = Duration::from_millis(20);
/// and how many times as long as the batch before took.
const RESTS: u32 = 4;

impl Db {
    /// Does `batch` in a transaction of its own, again and again as long as it says that there is
    /// more.
    pub async fn write_in_batches(
        &self,
        batch: impl FnOnce(&mut Transaction<'_>) -> Result<bool> + Copy + Send + 'static,
    ) -> Result<()> {
        loop {
            let begun = Instant::now();
            if !self.write(batch).await? {
                return Ok(());
            }
            tokio::time::sleep((begun.elapsed() * RESTS).max(SHORTEST_REST)).await;
        }
    }
}
