//! The command line, in clap's form.

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::network::NetworkOptions;
use super::storage::StorageOptions;

/// The dashboard of an organisation's API keys, and the endpoints that say whether one may pass.
#[derive(Parser)]
#[command(name = "latchkey", version, about, disable_help_subcommand = true)]
pub(super) struct CommandLine<C: Subcommand> {
    #[command(subcommand)]
    pub command: Option<C>,
    #[command(flatten, next_help_heading = "Network options")]
    pub network: NetworkOptions,
    #[command(flatten, next_help_heading = "Storage options")]
    pub storage: StorageOptions,
    #[command(flatten, next_help_heading = "Log options")]
    pub log: LogOptions,
}

/// How an entry of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text.
    Text,
    /// A JSON object.
    Json,
}

#[derive(Args)]
pub(super) struct LogOptions {
    /// How to write the log
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
}
