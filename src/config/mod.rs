//! What the program was told: its command line, and the environment, which nothing else reads.
//!
//! One struct for each concern. A setting that is unknown or bad stops the start with one line
//! that names it (ASVS 13.1.1). Knows neither the database nor the server.

mod command_line;
mod environment;
mod network;
mod public_url;
mod refusal;
mod storage;
mod trusted_proxies;

use std::env;
use std::ffi::{OsStr, OsString};

use clap::{CommandFactory as _, FromArgMatches as _};

pub use command_line::{
    ActivityCommand, AddMember, Command, FillDemo, LogFormat, MailCommand, MemberCommand, SetMail,
};
pub use network::{ServerConfig, TlsFiles};
pub use public_url::PublicUrl;
pub use refusal::Refusal;
pub use storage::DatabaseConfig;
pub use trusted_proxies::TrustedProxies;

use command_line::CommandLine;

/// Everything that the program was told.
#[derive(Clone, Debug)]
pub struct Config {
    /// What to do.
    pub command: Command,
    /// Where data is kept.
    pub database: DatabaseConfig,
    /// Where and how to serve.
    pub server: ServerConfig,
    /// How to write the log.
    pub log: LogConfig,
}

/// How to write the log.
#[derive(Clone, Copy, Debug)]
pub struct LogConfig {
    /// One line of text or one JSON object for each entry.
    pub format: LogFormat,
}

impl Config {
    /// Reads the program's command line and environment.
    ///
    /// # Errors
    /// What to print instead of starting: one line about a bad setting, or the help asked for.
    pub fn read() -> Result<Self, Refusal> {
        environment::refuse_unknown(&CommandLine::command(), env::vars_os())?;
        #[expect(clippy::disallowed_methods, reason = "config reads the environment")]
        let value_of = |variable: &OsStr| env::var_os(variable);
        Self::parse(env::args_os(), value_of)
    }

    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
        value_of: impl Fn(&OsStr) -> Option<OsString>,
    ) -> Result<Self, Refusal> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let matches = environment::settled(CommandLine::command(), value_of)
            .try_get_matches_from(&arguments)
            .map_err(|error| Refusal::of(error, &arguments))?;
        let line = CommandLine::from_arg_matches(&matches)
            .map_err(|error| Refusal::of(error, &arguments))?;
        line.settle()
    }
}

impl CommandLine {
    /// Fills in what was left out and checks what one option alone cannot tell.
    fn settle(self) -> Result<Config, Refusal> {
        let config = Config {
            command: self.command.unwrap_or(Command::Serve),
            database: self.storage.settle()?,
            server: self.network.settle()?,
            log: LogConfig { format: self.log.log_format },
        };
        if matches!(config.command, Command::Serve) {
            config.server.refuse_every_address()?;
            config.server.refuse_plain_http()?;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests;
