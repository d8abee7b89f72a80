//! The program's configuration: its command line and the environment, which no other module reads.
//!
//! One struct for each concern. An unknown or invalid setting stops the start with one line that
//! names it (ASVS 13.1.1). Does not depend on the database or the server.

mod command_line;
mod credential_headers;
mod environment;
mod error;
mod network;
mod public_url;
mod setting;
mod storage;
mod trusted_proxies;

use std::env;
use std::ffi::{OsStr, OsString};

use clap::{CommandFactory as _, FromArgMatches as _, Subcommand};

pub use command_line::LogFormat;
pub use credential_headers::CredentialHeaders;
pub use error::ConfigError;
pub use network::{ServerConfig, TlsFiles};
pub use public_url::PublicUrl;
pub use setting::{Setting, Source};
pub use storage::{DatabaseConfig, Location};
pub use trusted_proxies::TrustedProxies;

use command_line::CommandLine;

/// All settings from the command line and the environment, except the command itself.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the data is stored.
    pub database: DatabaseConfig,
    /// Where and how to serve.
    pub server: ServerConfig,
    /// How to write the log.
    pub log: LogConfig,
    /// Every setting and where its value comes from.
    pub settings: Vec<Setting>,
}

/// How to write the log.
#[derive(Clone, Copy, Debug)]
pub struct LogConfig {
    /// One line of text or one JSON object for each entry.
    pub format: LogFormat,
}

impl Config {
    /// Reads the program's command line, which may contain one of the commands `C`, and the
    /// environment.
    pub fn read<C: Subcommand>() -> Result<(Option<C>, Self), ConfigError> {
        environment::reject_unknown(&CommandLine::<C>::command(), env::vars_os())?;
        #[expect(clippy::disallowed_methods, reason = "config reads the environment")]
        let value_of = |variable: &OsStr| env::var_os(variable);
        Self::parse(env::args_os(), value_of)
    }

    /// Reads options without a command and without an environment.
    pub fn of_options(options: &[&str]) -> Result<Self, ConfigError> {
        #[derive(Subcommand)]
        enum NoCommand {}

        let arguments = ["latchkey"].iter().chain(options).map(OsString::from);
        Ok(Self::parse::<NoCommand>(arguments, |_| None)?.1)
    }

    /// The command line itself, from which its documentation is made.
    pub fn command<C: Subcommand>() -> clap::Command {
        CommandLine::<C>::command()
    }

    /// Reads `arguments`, of which the first is the program's name, and the environment by
    /// `value_of`.
    pub fn parse<C: Subcommand>(
        arguments: impl IntoIterator<Item = OsString>,
        value_of: impl Fn(&OsStr) -> Option<OsString>,
    ) -> Result<(Option<C>, Self), ConfigError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let command = CommandLine::<C>::command();
        let matches = environment::settled(command.clone(), &value_of)
            .try_get_matches_from(&arguments)
            .map_err(|error| ConfigError::of(error, &arguments))?;
        let line = CommandLine::<C>::from_arg_matches(&matches)
            .map_err(|error| ConfigError::of(error, &arguments))?;
        let config = Self {
            database: line.storage.settle()?,
            server: line.network.settle()?,
            log: LogConfig { format: line.log.log_format },
            settings: setting::list(&command, &matches, value_of),
        };
        Ok((line.command, config))
    }
}

#[cfg(test)]
mod gateway_url_tests;
#[cfg(test)]
mod tests;
