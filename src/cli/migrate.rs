//! `latchkey migrate`: brings the database up to date and stops, for those who do so before they
//! start the new version everywhere.

use std::io::Write;

use crate::base::error::Result;
use crate::config::Config;

pub(super) fn run(config: &Config, output: &mut impl Write) -> Result<()> {
    super::open(config)?;
    super::say(output, "The database is up to date.")
}
