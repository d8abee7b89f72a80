//! Setting a new password through a one-time link, which is created on the command line or by a
//! member who manages members.
//!
//! Both creating and using the link end every session of the member (ASVS 7.4.3; Strapi
//! CVE-2026-22706).

use super::codes::{self, Code, Purpose};
use super::{known, sessions};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Author, Entry, Event};
use crate::domain::members::{self, Email, Member, MemberId, State, standing};

/// Removes the member's password, ends the member's sessions, and creates the code for the link.
/// Only the newest link works.
///
/// # Errors
/// [`Error::Invalid`] when the address belongs to no member, or to a person who has not accepted
/// their invitation.
pub fn begin(tx: &mut Transaction<'_>, email: &Email, author: &Author) -> Result<(Member, String)> {
    let (member, _) = members::by_email(tx, email)?.ok_or_else(|| {
        Error::invalid("email", format!("No member has the email address {}", email.as_str()))
    })?;
    if matches!(member.state, State::Invited(_)) {
        let message = format!("{} has not accepted the invitation yet", member.name.as_str());
        return Err(Error::invalid("email", message));
    }
    start(tx, member, author)
}

/// Like [`begin`], for the member with this id, when requested by a member who manages members.
pub fn begin_for(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    author: &Author,
) -> Result<(Member, String)> {
    let member = standing::resettable(tx, id, author)?;
    start(tx, member, author)
}

fn start(tx: &mut Transaction<'_>, member: Member, author: &Author) -> Result<(Member, String)> {
    replace_password(tx, &member, None, author.now)?;
    let code =
        codes::issue(tx, &author.keyring, Purpose::PasswordReset, Some(&member.id), author.now)?;
    let entry = Entry::about(Event::PasswordResetStarted, member.subject());
    activity::record(tx, author, &entry)?;
    Ok((member, code))
}

/// The member that the link is for, if it works. The page greets them and checks the new password
/// against their name and address.
pub fn whose(
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

/// Uses up the code, sets the password and ends the member's sessions.
///
/// # Errors
/// [`Error::Invalid`] when the code is not valid.
pub fn finish(
    tx: &mut Transaction<'_>,
    code: &str,
    new_hash: &str,
    author: &Author,
) -> Result<Member> {
    let member = whose(tx, &author.keyring, code, author.now)?.ok_or_else(|| {
        Error::invalid("code", "This link is wrong or has expired. Ask for a new one")
    })?;
    codes::consume(tx, &author.keyring, Purpose::PasswordReset, code, author.now)?;
    replace_password(tx, &member, Some(new_hash), author.now)?;
    known::remember_network(tx, author)?;
    let author = author.as_member(member.id.as_str(), member.name.as_str());
    activity::record(tx, &author, &Entry::about(Event::PasswordReset, member.subject()))?;
    Ok(member)
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
        let author = Author::command_line(fixture.keyring.clone(), fixture.now());
        let email = Email::parse(email).expect("an address");
        fixture.db.write_blocking(|tx| begin(tx, &email, &author))
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
        let author = fixture.author([192, 0, 2, 1]);
        let whose = fixture.read(|c| whose(c, &fixture.keyring, &code, fixture.now()));
        assert_eq!(whose.map(|whose| whose.id), Some(member.id.clone()));
        fixture.write(|tx| finish(tx, &code, "new", &author));
        assert_eq!(stored_hash(&fixture).as_deref(), Some("new"));
        assert_eq!(fixture.read(|c| Ok(rows::count(c).0)), 0);
        let second_attempt = fixture.db.write_blocking(|tx| finish(tx, &code, "other", &author));
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
            let mut author = fixture.author([192, 0, 2, 1]);
            author.now = author.now.plus(millis);
            fixture.db.write_blocking(|tx| finish(tx, code, "new", &author)).is_ok()
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
        let author = fixture.author([192, 0, 2, 1]);
        assert!(fixture.db.write_blocking(|tx| finish(tx, &code, "new", &author)).is_err());
        assert_eq!(stored_hash(&fixture), None);
    }
}
