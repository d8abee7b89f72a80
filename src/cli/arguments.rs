//! The commands of the command line, in clap's form.

use std::num::NonZeroU16;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};
use clap_complete::Shell;
use url::Url;

use crate::config::{Config, ConfigError, PublicUrl};
use crate::domain::activity::Newest;
use crate::domain::mail::Security;
use crate::domain::members::{Email, MemberName, Permission};

/// Reads the program's command line and environment.
pub fn read() -> Result<(Command, Config), ConfigError> {
    settled(Config::read()?)
}

/// Defaults to the command to serve; checks the settings that only serving needs.
pub(crate) fn settled(
    (command, config): (Option<Command>, Config),
) -> Result<(Command, Config), ConfigError> {
    let command = command.unwrap_or(Command::Serve);
    if matches!(command, Command::Serve) {
        config.server.check()?;
    }
    Ok((command, config))
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring the database up to date and serve (the default)
    Serve,
    /// Add and list members, reset their passwords
    #[command(subcommand, arg_required_else_help = false)]
    Member(MemberCommand),
    /// Set, show and turn off the server that email is sent through
    #[command(subcommand, arg_required_else_help = false)]
    Mail(MailCommand),
    /// Allow passwords again when the provider of single sign-on does not work
    #[command(subcommand, arg_required_else_help = false)]
    Sso(SsoCommand),
    /// Bring the database up to date and stop
    Migrate,
    /// Write the database into a file, also while Latchkey serves; the secret key file is not in it
    Backup(WriteBackup),
    /// Put a backup into an empty data directory or an empty database
    Restore {
        /// The file that `latchkey backup` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Move an SQLite database into an empty PostgreSQL database, while Latchkey does not serve
    Copy(CopyDatabase),
    /// Replace the master key, because it leaked or a policy says so
    RotateSecretKey(RotateSecretKey),
    /// Look at the record of who did what
    #[command(subcommand, arg_required_else_help = false)]
    Activity(ActivityCommand),
    /// Fill an empty data directory with a sample organisation
    Demo(FillDemo),
    /// Ask a running Latchkey whether it is ready; exits with 1 when it is not
    Health {
        /// Its URL [default: the address that --listen names, on this machine]
        #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
        url: Option<PublicUrl>,
    },
    /// Say what is wrong with this installation; exits with 1 after warnings and 2 after errors
    Doctor(ExamineInstallation),
    /// Print the script that completes this command line in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages
    Man {
        /// The directory to write them into
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// What to do with the activity.
#[derive(Clone, Debug, Subcommand)]
pub enum ActivityCommand {
    /// Check that no entry was changed, added or taken away; exits with 1 when one was
    Verify {
        /// An entry that must be there, as a backup or an earlier check has named it
        #[arg(long, value_name = "NUMBER:HASH", value_parser = entry)]
        holds: Option<Newest>,
    },
}

fn entry(text: &str) -> Result<Newest, String> {
    let parts = text.split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash)));
    match parts {
        Some((number, hash)) if hash.len() == 64 => {
            Ok(Newest { number, hash: hash.to_lowercase() })
        }
        _ => Err("give a number, a colon and 64 hexadecimal digits".into()),
    }
}

/// What to do with members.
#[derive(Clone, Debug, Subcommand)]
pub enum MemberCommand {
    /// Add a member; the password is read from standard input, one line
    Add(AddMember),
    /// List the members
    List,
    /// Take a member's password away and print a one-time link for setting a new one
    ResetPassword {
        /// The member's email address
        #[arg(long, value_name = "EMAIL", value_parser = Email::look_up)]
        email: Email,
    },
    /// Remove a member's passkeys, authenticator app and recovery codes, so that the password alone signs them in
    ResetTwoStep {
        /// The member's email address
        #[arg(long, value_name = "EMAIL", value_parser = Email::look_up)]
        email: Email,
    },
}

/// What to do with the mail server.
#[derive(Clone, Debug, Subcommand)]
pub enum MailCommand {
    /// Set the mail server; with --username the password is read from standard input, one line
    Set(SetMail),
    /// Show the mail server, without its password
    Show,
    /// Send no more email
    Off,
}

/// What to do with single sign-on.
#[derive(Clone, Debug, Subcommand)]
pub enum SsoCommand {
    /// Let every member with a password sign in with it; single sign-on stays on
    Off,
}

/// The mail server to set.
#[derive(Args, Clone, Debug)]
pub struct SetMail {
    /// The name or address of the mail server
    #[arg(long, value_name = "HOST")]
    pub host: String,
    /// Its port, usually 587 with starttls and 465 with tls
    #[arg(long, value_name = "PORT")]
    pub port: NonZeroU16,
    /// How the connection is encrypted; none only for a server on this machine
    #[arg(long, value_name = "starttls|tls|none", value_parser = security)]
    pub security: Security,
    /// The name to sign in with
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub username: String,
    /// The address that email comes from
    #[arg(long, value_name = "EMAIL")]
    pub sender: String,
}

fn security(text: &str) -> Result<Security, String> {
    Security::parse(text).ok_or_else(|| "give starttls, tls or none".into())
}

/// A step of rotating the master key.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct RotateSecretKey {
    /// Write a new secret key file with the current master key and a new one; nothing else is changed
    #[arg(long, value_name = "FILE")]
    pub prepare: Option<PathBuf>,
    /// Replace the master key by the last one in this file, which every node that serves must have
    #[arg(long, value_name = "FILE")]
    pub new: Option<PathBuf>,
    /// Stop accepting secret keys from before the rotation, and revoke the keys that have no newer one
    #[arg(long)]
    pub end_old_pepper: bool,
}

/// How to examine the installation.
#[derive(Args, Clone, Debug)]
pub struct ExamineInstallation {
    /// A URL behind a gateway, of a request that needs a key
    #[arg(long, value_name = "URL")]
    pub gateway: Option<Url>,
    /// Check what the upgrade to this version needs, before the database is brought up to date
    #[arg(long)]
    pub upgrade: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print what a public issue may contain: no names, addresses or texts
    #[arg(long, conflicts_with = "json")]
    pub support: bool,
}

/// The member to add.
#[derive(Args, Clone, Debug)]
pub struct AddMember {
    /// The email address to sign in with
    #[arg(long, value_name = "EMAIL", value_parser = Email::parse)]
    pub email: Email,
    /// The name that others see
    #[arg(long, value_name = "NAME", value_parser = |name: &str| MemberName::parse(name))]
    pub name: MemberName,
    /// Make the member a super manager, with every permission unless --permission says otherwise
    #[arg(long)]
    pub super_manager: bool,
    /// What the super manager may do, as api.key.view; may be given several times
    #[arg(long = "permission", value_name = "PERMISSION")]
    pub permissions: Vec<Permission>,
}

/// Where and how to write a backup.
#[derive(Args, Clone, Debug)]
pub struct WriteBackup {
    /// The file to write, which must not be there yet; with --keep, the directory to write it into
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// Name the file after the time, and remove all but the newest N such files of the directory
    #[arg(long, value_name = "N", conflicts_with = "pg_dump")]
    pub keep: Option<NonZeroU16>,
    /// Have PostgreSQL’s own program write it, in its custom format
    #[arg(long)]
    pub pg_dump: bool,
}

/// Where to copy a database.
#[derive(Args, Clone, Debug)]
pub struct CopyDatabase {
    /// The empty database, as postgres://…
    #[arg(long, value_name = "URL", value_parser = postgres_url)]
    pub to: String,
    /// Let Latchkey go on using the SQLite database; both then accept the same secret keys
    #[arg(long)]
    pub keep_source: bool,
}

fn postgres_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_one = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if is_one { Ok(text.to_owned()) } else { Err("give postgres://…".into()) }
}

/// How much the sample organisation has.
#[derive(Args, Clone, Copy, Debug)]
pub struct FillDemo {
    /// How many API keys
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub keys: u32,
    /// How many days of traffic the newest keys have, today the last of them; 730 at most
    #[arg(long, value_name = "D", default_value_t = 90, value_parser = RangedU64ValueParser::<u32>::new().range(0..=730))]
    pub days: u32,
}
