//! `latchkey completions` and `latchkey man`: the command line itself, for shells and for `man`.

use std::io::{self, Write};
use std::path::Path;

use clap_complete::Shell;

use super::arguments::Command;
use super::write_line;
use crate::base::error::{Error, Result};
use crate::config::Config;

/// Writes the shell's script to standard output.
pub(super) fn completions(shell: Shell, output: &mut impl Write) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Config::command::<Command>(), "latchkey", &mut script);
    write_line(output, String::from_utf8_lossy(&script).trim_end())
}

/// Writes a page for each command into the directory.
pub(super) fn man(directory: &Path, output: &mut impl Write) -> Result<()> {
    let named = |error: io::Error| {
        Error::Internal(format!("{} cannot be written to: {error}", directory.display()))
    };
    clap_mangen::generate_to(Config::command::<Command>(), directory).map_err(named)?;
    write_line(output, &format!("Wrote the manual pages into {}.", directory.display()))
}
