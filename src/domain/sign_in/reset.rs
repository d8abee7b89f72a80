//! Setting a new password through a one-time link, which is created on the command line or by a
//! member who manages members.
//!
//! Both creating and using the link end every session of the member (ASVS 7.4.3; Strapi
//! CVE-2026-22706).

use super::codes::{self, Code, Purpose};
use super::{known, new_network, sessions};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{self, Email, Member, MemberId, State, access, ways_in};

/// Removes the member's password, ends the member's sessions, and creates the code for the link.
/// Only the newest link works.
///
/// # Errors
/// [`Error::Invalid`] when the address belongs to no member, or to a person who has not accepted
/// their invitation.
pub fn begin(
    tx: &mut Transaction<'_>,
    email: &Email,
    context: &Context,
) -> Result<(Member, String)> {
    let (member, _) = members::by_email(tx, email)?.ok_or_else(|| {
        Error::invalid("email", format!("No member has the email address {}", email.as_str()))
    })?;
    if matches!(member.state, State::Invited(_)) {
        let message = format!("{} has not accepted the invitation yet", member.name.as_str());
        return Err(Error::invalid("email", message));
    }
    start(tx, member, context)
}

/// Like [`begin`], for the member with this id, when requested by a member who manages members.
pub fn begin_for(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    context: &Context,
) -> Result<(Member, String)> {
    let member = access::resettable(tx, id, context)?;
    start(tx, member, context)
}

fn start(tx: &mut Transaction<'_>, member: Member, context: &Context) -> Result<(Member, String)> {
    if !ways_in::password_is_allowed(tx, &member.id)? {
        let name = member.name.as_str();
        let message = format!("Passwords are turned off, so {name} signs in with single sign-on");
        return Err(Error::invalid("", message));
    }
    replace_password(tx, &member, None, context.now)?;
    let code =
        codes::issue(tx, &context.keyring, Purpose::PasswordReset, Some(&member.id), context.now)?;
    let entry = Entry::about(Event::PasswordResetStarted, member.subject());
    activity::record(tx, context, &entry)?;
    Ok((member, code))
}

/// The member that the link is for, if it works. The page greets them and checks the new password
/// against their name and address.
pub fn member_for_code(
    connection: &mut Connection,
    keyring: &Keyring,
    code: &str,
    now: Timestamp,
) -> Result<Option<Member>> {
    match codes::look_up(connection, keyring, Purpose::PasswordReset, code, now)? {
        Some(Code { member: Some(id) }) => {
            Ok(members::find(connection, &id)?.filter(Member::is_active))
        }
        _ => Ok(None),
    }
}

/// Uses up the code, sets the password and ends the member's sessions. A reset does not remove a
/// second factor: for a member who has one, this also returns the text that connects the steps of
/// signing in.
///
/// # Errors
/// [`Error::Invalid`] when the code is not valid.
pub fn finish(
    tx: &mut Transaction<'_>,
    code: &str,
    new_hash: &str,
    context: &Context,
) -> Result<(Member, Option<String>)> {
    let member = member_for_code(tx, &context.keyring, code, context.now)?.ok_or_else(|| {
        Error::invalid("code", "This link is wrong or has expired. Ask for a new one")
    })?;
    if !ways_in::password_is_allowed(tx, &member.id)? {
        return Err(Error::invalid("password", super::PASSWORDS_OFF));
    }
    codes::consume(tx, &context.keyring, Purpose::PasswordReset, code, context.now)?;
    replace_password(tx, &member, Some(new_hash), context.now)?;
    known::remember_network(tx, context)?;
    if member.two_step_since.is_none() {
        new_network::remember(tx, &member.id, context)?;
    }
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    activity::record(tx, &context, &Entry::about(Event::PasswordReset, member.subject()))?;
    let needs_second_step = member.two_step_since.is_some();
    let step = needs_second_step.then(|| super::begin_second_step(tx, &member, &context));
    Ok((member, step.transpose()?))
}

fn replace_password(
    tx: &mut Transaction<'_>,
    member: &Member,
    hash: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    members::set_password_hash(tx, &member.id, hash)?;
    codes::end_all_of(tx, &member.id, now)?;
    sessions::end_all_of(tx, &member.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::HOUR;
    use crate::domain::sign_in::fixture::Fixture;
    use crate::domain::sign_in::store::rows;

    fn begin_for(fixture: &Fixture, email: &str) -> Result<(Member, String)> {
        let context = Context::command_line(fixture.keyring.clone(), fixture.now());
        let email = Email::parse(email).expect("an address");
        fixture.db.write_blocking(|tx| begin(tx, &email, &context))
    }

    fn stored_hash(fixture: &Fixture) -> Option<String> {
        let email = Email::parse("ines@example.com").expect("an address");
        fixture.read(|c| members::by_email(c, &email)).expect("a member").1
    }

    fn sign_in(fixture: &Fixture, member: &Member) {
        let state = sessions::State::from([(
            sessions::MEMBER_ID.into(),
            format!("{:?}", member.id.as_str()),
        )]);
        fixture.write(|tx| sessions::save(tx, &fixture.keyring, &state, fixture.now()));
    }

    #[test]
    fn a_reset_ends_every_session_and_its_link_sets_one_password() {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", Some("old"));
        sign_in(&fixture, &member);
        let (_, code) = begin_for(&fixture, "INES@example.com").expect("started");
        assert_eq!(fixture.read(|c| Ok(rows::count(c).0)), 0);
        assert_eq!(stored_hash(&fixture), None);
        sign_in(&fixture, &member);
        let context = fixture.context([192, 0, 2, 1]);
        let member_for_code =
            fixture.read(|c| member_for_code(c, &fixture.keyring, &code, fixture.now()));
        assert_eq!(
            member_for_code.map(|member_for_code| member_for_code.id),
            Some(member.id.clone())
        );
        fixture.write(|tx| finish(tx, &code, "new", &context));
        assert_eq!(stored_hash(&fixture).as_deref(), Some("new"));
        assert_eq!(fixture.read(|c| Ok(rows::count(c).0)), 0);
        let second_attempt = fixture.db.write_blocking(|tx| finish(tx, &code, "other", &context));
        assert!(matches!(&second_attempt, Err(Error::Invalid(e)) if e.0[0].field == "code"));
        let events = fixture.event_names();
        assert_eq!(events[1..], ["member.password_reset_started", "member.password_reset"]);
    }

    #[test]
    fn only_the_newest_link_works_and_only_for_an_hour() {
        let fixture = Fixture::new();
        fixture.member("ines@example.com", Some("old"));
        let (_, first) = begin_for(&fixture, "ines@example.com").expect("started");
        let (_, second) = begin_for(&fixture, "ines@example.com").expect("started");
        let finish = |code: &str, millis| {
            let mut context = fixture.context([192, 0, 2, 1]);
            context.now = context.now.plus(millis);
            fixture.db.write_blocking(|tx| finish(tx, code, "new", &context)).is_ok()
        };
        assert!(!finish(&first, 0));
        assert!(!finish(&second, HOUR));
        assert!(finish(&second, HOUR - 1));
    }

    #[test]
    fn unknown_and_disabled_members_cannot_set_a_password() {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", Some("old"));
        assert!(matches!(begin_for(&fixture, "noor@example.com"), Err(Error::Invalid(_))));
        let (_, code) = begin_for(&fixture, "ines@example.com").expect("started");
        fixture.disable(&member.id);
        let context = fixture.context([192, 0, 2, 1]);
        assert!(fixture.db.write_blocking(|tx| finish(tx, &code, "new", &context)).is_err());
        assert_eq!(stored_hash(&fixture), None);
    }
}
