//! `latchkey migrate`: brings the database up to date and exits, for operators who do so before
//! they start the new version on every node.

use std::io::Write;

use super::progress::Shown;
use crate::base::error::Result;
use crate::config::Config;

pub(super) fn run(config: &Config, output: &mut impl Write) -> Result<()> {
    super::open_with_progress(config, &mut Shown::new())?;
    super::write_line(output, "The database is up to date.")
}
