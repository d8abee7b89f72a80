//! Setting up: the organisation's name and its first member, once, with a code that whoever
//! started the program was shown. There is no default account (ASVS 6.3.2, 13.1).
//!
//! Scopes and roles are made by their own features, in the same transaction.

use super::codes::{self, Purpose};
use super::known;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Author, Entry, Event};
use crate::domain::members::{self, Email, Member, MemberName, NewMember, Permissions};
use crate::domain::settings::{self, OrganisationName};

/// What the set-up page was filled in with.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// The one-time code from the printed link.
    pub code: String,
    pub organisation: OrganisationName,
    /// The first super manager's name.
    pub name: MemberName,
    /// The address to sign in with.
    pub email: Email,
    /// The password's argon2id hash.
    pub password_hash: String,
}

/// Whether set-up is still to be done; its page is 404 afterwards.
pub fn is_open(connection: &mut Connection) -> Result<bool> {
    Ok(!members::any(connection)?)
}

/// Makes a code for the printed link. Older ones work on: another node may have printed one.
///
/// # Errors
/// [`Error::NotFound`] when a member exists.
pub fn begin(tx: &mut Transaction<'_>, keyring: &Keyring, now: Timestamp) -> Result<String> {
    if !is_open(tx)? {
        return Err(Error::NotFound);
    }
    codes::issue(tx, keyring, Purpose::SetUp, None, now)
}

/// Checks that a code works, without using it up: a password is hashed only for a valid code.
///
/// # Errors
/// [`Error::NotFound`] when a member exists; [`Error::Invalid`] when the code does not work.
pub fn check_code(connection: &mut Connection, code: &str, author: &Author) -> Result<()> {
    if !is_open(connection)? {
        return Err(Error::NotFound);
    }
    let code = codes::look_up(connection, &author.keyring, Purpose::SetUp, code, author.now)?;
    code.map(|_| ()).ok_or_else(wrong_code)
}

fn wrong_code() -> Error {
    let message = "This set-up code is wrong or has expired. Start Latchkey again to get a new one";
    Error::invalid("code", message)
}

/// Uses the code up, names the organisation, and makes its first super manager.
///
/// # Errors
/// [`Error::NotFound`] when a member exists; [`Error::Invalid`] when the code does not work.
pub fn finish(tx: &mut Transaction<'_>, new: &SetUp, author: &Author) -> Result<Member> {
    if !is_open(tx)? {
        return Err(Error::NotFound);
    }
    let code = codes::consume(tx, &author.keyring, Purpose::SetUp, &new.code, author.now)?;
    code.ok_or_else(wrong_code)?;
    let mut settings = settings::get(tx)?;
    new.organisation.as_str().clone_into(&mut settings.organisation);
    settings::save(tx, &settings)?;
    let first = NewMember {
        name: new.name.clone(),
        email: new.email.clone(),
        password_hash: Some(new.password_hash.clone()),
        super_manager: true,
        permissions: Permissions::all(),
    };
    let member = members::add(tx, &first, author)?;
    known::remember_network(tx, author)?;
    let details = serde_json::json!({ "organisation": settings.organisation });
    let entry = Entry::about(Event::SetUp, member.subject()).with(details);
    activity::record(tx, author, &entry)?;
    Ok(member)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sign_in::fixture::Fixture;

    fn set_up(code: &str) -> SetUp {
        SetUp {
            code: code.to_owned(),
            organisation: OrganisationName::parse(" Northwind Parcels ").expect("a name"),
            name: MemberName::parse("Ines Okafor").expect("a name"),
            email: Email::parse("ines@example.com").expect("an address"),
            password_hash: "$argon2id$…".into(),
        }
    }

    #[test]
    fn set_up_names_the_organisation_and_makes_a_super_manager_once() {
        let there = Fixture::new();
        let author = there.author([192, 0, 2, 1]);
        let codes = [(); 2].map(|()| there.write(|tx| begin(tx, &there.keyring, there.now())));
        assert!(there.read(is_open));
        let member = there.write(|tx| finish(tx, &set_up(&codes[0]), &author));
        assert!(Permissions::all().iter().all(|permission| member.may(permission)));
        assert_eq!(there.read(settings::get).organisation, "Northwind Parcels");
        assert_eq!(there.event_names(), ["member.added", "organisation.set_up"]);
        assert!(!there.read(is_open));
        for code in codes {
            let again = there.db.write_blocking(|tx| finish(tx, &set_up(&code), &author));
            assert!(matches!(again, Err(Error::NotFound)));
        }
        let again = there.db.write_blocking(|tx| begin(tx, &there.keyring, there.now()));
        assert!(matches!(again, Err(Error::NotFound)));
    }

    #[test]
    fn a_wrong_code_changes_nothing() {
        let there = Fixture::new();
        let author = there.author([192, 0, 2, 1]);
        there.write(|tx| begin(tx, &there.keyring, there.now()));
        let wrong = set_up("0000000000000000000000");
        let refused = there.db.write_blocking(|tx| finish(tx, &wrong, &author));
        assert!(matches!(&refused, Err(Error::Invalid(e)) if e.0[0].field == "code"));
        assert!(there.read(is_open));
        assert!(there.events().is_empty());
    }
}
