//! `latchkey member add`, `list`, `reset-password` and `reset-two-step`.

use std::io::{BufRead, Write};

use super::arguments::{AddMember, MemberCommand};
use super::{CLOCK, open, read_line, write_line};
use crate::base::clock::short_date;
use crate::base::error::{Error, Result};
use crate::config::Config;
use crate::domain::activity::Context;
use crate::domain::members::{self, Email, Member, NewMember, Permission, Permissions, State};
use crate::domain::settings;
use crate::domain::sign_in::hasher::hash_blocking;
use crate::domain::sign_in::{Password, reset, two_step};
use crate::letters;

pub(super) fn run(
    config: &Config,
    command: &MemberCommand,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<()> {
    match command {
        MemberCommand::Add(options) => add(config, options, input, output),
        MemberCommand::List => list(config, output),
        MemberCommand::ResetPassword { email } => reset_password(config, email, output),
        MemberCommand::ResetTwoStep { email } => reset_two_step(config, email, output),
    }
}

fn add(
    config: &Config,
    options: &AddMember,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<()> {
    let (db, keyring) = open(config)?;
    let organisation = db.read_blocking(settings::get)?.organisation;
    let own_words = [options.name.as_str(), options.email.as_str(), &organisation];
    let password = Password::new_for(read_line(input)?, &own_words)
        .map_err(|message| Error::invalid("password", message))?;
    let all = options.super_manager && options.permissions.is_empty();
    let new = NewMember {
        name: options.name.clone(),
        email: options.email.clone(),
        password_hash: Some(hash_blocking(&password)?),
        super_manager: options.super_manager,
        permissions: if all {
            Permissions::all()
        } else {
            options.permissions.iter().copied().collect()
        },
    };
    let context = Context::command_line(keyring, CLOCK.now());
    let member = db.write_blocking(|tx| members::add(tx, &new, &context))?;
    let access = if member.super_manager { "super manager" } else { "member" };
    let (name, email) = (member.name.as_str(), member.email.as_str());
    let may = permissions(&member);
    write_line(output, &format!("Added {name} <{email}>, {access}, permissions: {may}"))
}

fn list(config: &Config, output: &mut impl Write) -> Result<()> {
    let (db, _) = open(config)?;
    let heading = ["Name", "Email", "Super manager", "Permissions", "State", "Last signed in"];
    let members = db.read_blocking(members::list)?;
    let rows: Vec<[String; 6]> =
        std::iter::once(heading.map(str::to_owned)).chain(members.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 6] = std::array::from_fn(|column| width(column).unwrap_or(0));
    rows.iter().try_for_each(|row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        write_line(output, cells.collect::<Vec<_>>().join("  ").trim_end())
    })
}

fn row(member: &Member) -> [String; 6] {
    let last = member.last_signed_in_at;
    [
        member.name.as_str().to_owned(),
        member.email.as_str().to_owned(),
        if member.super_manager { "Yes" } else { "No" }.to_owned(),
        permissions(member),
        match member.state {
            State::Active => "Active".to_owned(),
            State::Disabled(since) => format!("Disabled {}", short_date(since.date())),
            State::Invited(until) if until <= CLOCK.now() => "Invitation expired".to_owned(),
            State::Invited(until) => format!("Invited until {}", short_date(until.date())),
        },
        last.map_or("Never".to_owned(), |at| {
            format!("{}, {} UTC", short_date(at.date()), at.time_of_day())
        }),
    ]
}

fn permissions(member: &Member) -> String {
    match member.permissions.iter().count() {
        0 => "none".to_owned(),
        n if n == Permission::ALL.len() => "all".to_owned(),
        _ => member.permissions.names().join(" "),
    }
}

fn reset_password(config: &Config, email: &Email, output: &mut impl Write) -> Result<()> {
    let (db, keyring) = open(config)?;
    let context = Context::command_line(keyring, CLOCK.now());
    let (member, code) = db.write_blocking(|tx| reset::begin(tx, email, &context))?;
    let url = config.server.public_url(config.server.listen);
    write_line(output, &format!("{url}/reset-password?code={code}"))?;
    let name = member.name.as_str();
    write_line(
        output,
        &format!(
            "With this link {name} can set a new password. It works once, for one hour. The old \
             password no longer works, and all sessions of {name} have ended."
        ),
    )
}

fn reset_two_step(config: &Config, email: &Email, output: &mut impl Write) -> Result<()> {
    let (db, keyring) = open(config)?;
    let context = Context::command_line(keyring, CLOCK.now());
    let member = db.write_blocking(|tx| {
        let (member, _) = members::by_email(tx, email)?.ok_or_else(|| {
            Error::invalid("email", format!("No member has the email address {}", email.as_str()))
        })?;
        if member.two_step_since.is_none() {
            let message = format!("{} does not use two-step verification", member.name.as_str());
            return Err(Error::invalid("email", message));
        }
        let change = two_step::remove_for_member(tx, &member.id, &context)?;
        letters::two_step_changed(tx, &change, &context)?;
        Ok(member)
    })?;
    let name = member.name.as_str();
    write_line(
        output,
        &format!(
            "{name} signs in with the password alone until they set up two-step verification again. \
             All sessions of {name} have ended."
        ),
    )
}
