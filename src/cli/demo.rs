//! `latchkey demo`: a sample organisation to explore.

use std::io::Write;

use super::arguments::FillDemo;
use super::{CLOCK, open, say};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::config::Config;
use crate::db::Location;
use crate::demo;
use crate::domain::members::{Member, Permission};

pub(super) fn run(config: &Config, wanted: FillDemo, output: &mut impl Write) -> Result<()> {
    let (db, keyring) = open(config)?;
    let sample = demo::fill(&db, &keyring, wanted.keys, wanted.days, CLOCK.now())?;
    let keys = match wanted.keys {
        1 => "1 API key".to_owned(),
        n => format!("{} API keys", thousands(n.into())),
    };
    let traffic = match wanted.days {
        0 => String::new(),
        1 => ", the traffic of a day".into(),
        n => format!(", the traffic of {n} days"),
    };
    say(
        output,
        &format!(
            "Made {}: {} members, {} roles, {keys}{traffic}.",
            demo::NAME,
            sample.members.len(),
            sample.roles
        ),
    )?;
    say(output, &format!("Start:    {}", start(config)))?;
    let url = config.server.public_url(config.server.listen);
    say(output, &format!("Open:     {url}/sign-in"))?;
    say(output, &format!("Password: {} (everybody’s)", sample.password))?;
    for member in &sample.members {
        let (email, standing) = (member.email.as_str(), standing(member));
        say(output, &format!("Email:    {email} ({standing})"))?;
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

fn standing(member: &Member) -> &'static str {
    match (member.super_manager, member.may(Permission::CreateKeys)) {
        (true, true) => "super manager with every permission",
        (true, false) => "super manager who may only look",
        (false, _) => "member without access to API keys",
    }
}
