//! `latchkey serve`.

use crate::config::Config;
use crate::error::Result;

/// Serves until the program is told to stop.
///
/// # Errors
/// When it cannot start.
pub fn run(config: &Config) -> Result<()> {
    super::open(config).map(drop)
}
