//! `latchkey sso off`: allows passwords again, for the day on which the provider does not work.

use std::io::Write;

use super::arguments::SsoCommand;
use super::{CLOCK, open, write_line};
use crate::base::error::Result;
use crate::config::Config;
use crate::domain::activity::Context;
use crate::domain::sso;

pub(super) fn run(config: &Config, command: &SsoCommand, output: &mut impl Write) -> Result<()> {
    let SsoCommand::Off = command;
    let (db, keyring) = open(config)?;
    let context = Context::command_line(keyring, CLOCK.now());
    db.write_blocking(|tx| sso::allow_passwords(tx, &context))?;
    write_line(output, "Every member with a password can sign in with it again.")
}
