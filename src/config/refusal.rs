//! Why the program does not start: one line, or the help that was asked for.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::command_line::CommandLine;
use crate::base::secret_scan;

/// What to print instead of starting.
#[derive(Debug)]
pub struct Refusal(Kind);

#[derive(Debug)]
enum Kind {
    /// What is wrong with a setting, in one line.
    BadSetting(String),
    /// The help or the version that was asked for.
    Asked(clap::Error),
}

impl Refusal {
    pub(super) fn new(line: impl Into<String>) -> Self {
        let line = line.into();
        // It repeats what was given.
        Self(Kind::BadSetting(secret_scan::redacted(&line).unwrap_or(line)))
    }

    /// What clap has to say, cut to one line. A value that came from the environment is called
    /// by its variable's name.
    pub(super) fn of(error: clap::Error, arguments: &[OsString]) -> Self {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return Self(Kind::Asked(error));
        }
        let text = error.render().to_string();
        let lines: Vec<_> =
            text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let line = lines.join(" ");
        let line = line.strip_prefix("error: ").unwrap_or(&line);
        Self::new(match (from_environment(&error, arguments), error.kind()) {
            (Some((option, variable)), _) => line.replacen(&option, &variable, 1),
            (None, ErrorKind::ValueValidation | ErrorKind::InvalidValue) => line.to_owned(),
            (None, _) => format!("{line}; see latchkey --help"),
        })
    }

    /// Prints it and gives the exit code: 0 for what was asked for, 2 for a bad setting.
    pub fn report(self) -> ExitCode {
        match self.0 {
            Kind::BadSetting(line) => {
                // The exit code says so as well, where nobody reads.
                let _ = writeln!(io::stderr(), "latchkey: {line}");
                ExitCode::from(2)
            }
            Kind::Asked(error) => {
                // Nobody to tell when the output is closed.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
        }
    }

    #[cfg(test)]
    pub(super) fn line(&self) -> &str {
        match &self.0 {
            Kind::BadSetting(line) => line,
            Kind::Asked(_) => "",
        }
    }
}

/// The option that `error` is about and the variable that its value came from, if it did.
fn from_environment(error: &clap::Error, arguments: &[OsString]) -> Option<(String, String)> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let flag = option.split(' ').next()?;
    let typed = |argument: &OsString| {
        let text = argument.to_string_lossy();
        text == flag || text.starts_with(&format!("{flag}="))
    };
    // Commands take nothing from the environment.
    let command = CommandLine::<()>::command();
    let argument =
        command.get_arguments().find(|known| known.get_long() == flag.strip_prefix("--"))?;
    #[expect(clippy::disallowed_methods, reason = "config reads the environment")]
    let variable = argument.get_env().filter(|variable| env::var_os(variable).is_some())?;
    let variable = variable.to_string_lossy().into_owned();
    (!arguments.iter().any(typed)).then(|| (option.clone(), variable))
}
