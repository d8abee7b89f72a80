//! `latchkey demo`: a sample organisation to explore.

use std::io::Write;

use super::arguments::FillDemo;
use super::progress::Shown;
use super::{CLOCK, open, write_line};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::config::Config;
use crate::db::Location;
use crate::demo;
use crate::domain::members::{Member, Permission};

pub(super) fn run(config: &Config, options: FillDemo, output: &mut impl Write) -> Result<()> {
    let (db, keyring) = open(config)?;
    let sample = demo::fill_with_progress(
        &db,
        &keyring,
        (options.keys, options.days),
        CLOCK.now(),
        &mut Shown::new(),
    )?;
    let keys = match options.keys {
        1 => "1 API key".to_owned(),
        n => format!("{} API keys", thousands(n.into())),
    };
    let traffic = match options.days {
        0 => String::new(),
        1 => ", the traffic of a day".into(),
        n => format!(", the traffic of {n} days"),
    };
    write_line(
        output,
        &format!(
            "Made {}: {} members, {} roles, {keys}{traffic}.",
            demo::NAME,
            sample.members.len(),
            sample.roles
        ),
    )?;
    write_line(output, &format!("Start:    {}", start(config)))?;
    let url = config.server.public_url(config.server.listen);
    write_line(output, &format!("Open:     {url}/sign-in"))?;
    write_line(output, &format!("Password: {} (everybody’s)", sample.password))?;
    for member in &sample.members {
        let (email, access) = (member.email.as_str(), describe_access(member));
        write_line(output, &format!("Email:    {email} ({access})"))?;
    }
    Ok(())
}

/// The command that serves the sample organisation. Never shows a database URL: it may contain a
/// password.
fn start(config: &Config) -> String {
    match &config.database.location {
        Location::Sqlite(_) => {
            format!("latchkey --data-dir {}", config.database.data_dir.display())
        }
        Location::Postgres(_) => {
            "latchkey, with the same --database-url and --secret-key-file".into()
        }
    }
}

fn describe_access(member: &Member) -> &'static str {
    match (member.super_manager, member.may(Permission::CreateKeys)) {
        (true, true) => "super manager with every permission",
        (true, false) => "super manager who may only look",
        (false, _) => "member without access to API keys",
    }
}
