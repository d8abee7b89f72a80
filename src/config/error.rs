//! Why the program does not start: one line, or the requested help.

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
pub struct ConfigError(Kind);

#[derive(Debug)]
enum Kind {
    /// What is wrong with a setting, in one line.
    BadSetting(String),
    /// The requested help or version.
    HelpRequested(clap::Error),
}

impl ConfigError {
    pub(super) fn new(line: impl Into<String>) -> Self {
        let line = line.into();
        // The line repeats the given value, which may contain a secret key.
        Self(Kind::BadSetting(secret_scan::redacted(&line).unwrap_or(line)))
    }

    /// clap's message, reduced to one line. A value from the environment is identified by its
    /// variable's name.
    pub(super) fn of(error: clap::Error, arguments: &[OsString]) -> Self {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return Self(Kind::HelpRequested(error));
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

    /// Prints the line or help and returns the exit code: 0 for requested help, 2 for a bad
    /// setting.
    pub fn report(self) -> ExitCode {
        match self.0 {
            Kind::BadSetting(line) => {
                // If nothing reads standard error, the exit code still reports the failure.
                let _ = writeln!(io::stderr(), "latchkey: {line}");
                ExitCode::from(2)
            }
            Kind::HelpRequested(error) => {
                // If the output is closed, there is no other place to report it.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
        }
    }

    /// The line that says what is wrong; empty if help was asked for.
    pub fn line(&self) -> &str {
        match &self.0 {
            Kind::BadSetting(line) => line,
            Kind::HelpRequested(_) => "",
        }
    }
}

/// The option that `error` is about and the variable that its value came from, if any.
fn from_environment(error: &clap::Error, arguments: &[OsString]) -> Option<(String, String)> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let flag = option.split(' ').next()?;
    let typed = |argument: &OsString| {
        let text = argument.to_string_lossy();
        text == flag || text.starts_with(&format!("{flag}="))
    };
    // Commands read no variables.
    let command = CommandLine::<()>::command();
    let argument =
        command.get_arguments().find(|known| known.get_long() == flag.strip_prefix("--"))?;
    #[expect(clippy::disallowed_methods, reason = "config reads the environment")]
    let variable = argument.get_env().filter(|variable| env::var_os(variable).is_some())?;
    let variable = variable.to_string_lossy().into_owned();
    (!arguments.iter().any(typed)).then(|| (option.clone(), variable))
}
