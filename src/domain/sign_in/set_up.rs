//! Set-up: names the organisation and creates its first member, once, with a code that is displayed
//! when the program starts. There is no default account (ASVS 6.3.2, 13.1).
//!
//! Scopes and roles are created by their own features, in the same transaction.

use super::codes::{self, Purpose};
use super::{known, new_network};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{self, Email, Member, MemberName, NewMember, Permissions};
use crate::domain::settings::{self, OrganisationName};

/// The input of the set-up page.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// The one-time code from the printed link.
    pub code: String,
    pub organisation: OrganisationName,
    /// The first super manager's name.
    pub name: MemberName,
    /// The email address for signing in.
    pub email: Email,
    /// The password's argon2id hash.
    pub password_hash: String,
}

/// Whether set-up still has to be done. Afterwards, its page is 404.
pub fn is_open(connection: &mut Connection) -> Result<bool> {
    Ok(!members::any(connection)?)
}

/// Issues a code for the printed link. Earlier codes stay valid, because another node may have
/// printed one.
///
/// # Errors
/// [`Error::NotFound`] when a member exists.
pub fn begin(tx: &mut Transaction<'_>, keyring: &Keyring, now: Timestamp) -> Result<String> {
    if !is_open(tx)? {
        return Err(Error::NotFound);
    }
    codes::issue(tx, keyring, Purpose::SetUp, None, now)
}

/// Checks that a code is valid, without using it up, so that a password is hashed only for a valid
/// code.
///
/// # Errors
/// [`Error::NotFound`] when a member exists; [`Error::Invalid`] when the code is not valid.
pub fn check_code(connection: &mut Connection, code: &str, context: &Context) -> Result<()> {
    if !is_open(connection)? {
        return Err(Error::NotFound);
    }
    let code = codes::look_up(connection, &context.keyring, Purpose::SetUp, code, context.now)?;
    code.map(|_| ()).ok_or_else(wrong_code)
}

fn wrong_code() -> Error {
    let message = "This set-up code is wrong or has expired. Start Latchkey again to get a new one";
    Error::invalid("code", message)
}

/// Uses up the code, names the organisation and creates its first super manager.
///
/// # Errors
/// [`Error::NotFound`] when a member exists; [`Error::Invalid`] when the code is not valid.
pub fn finish(tx: &mut Transaction<'_>, new: &SetUp, context: &Context) -> Result<Member> {
    if !is_open(tx)? {
        return Err(Error::NotFound);
    }
    let code = codes::consume(tx, &context.keyring, Purpose::SetUp, &new.code, context.now)?;
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
    let member = members::add(tx, &first, context)?;
    members::set_last_signed_in(tx, &member, context)?;
    known::remember_network(tx, context)?;
    new_network::remember(tx, &member.id, context)?;
    let details = serde_json::json!({ "organisation": settings.organisation });
    let entry = Entry::about(Event::SetUp, member.subject()).with(details);
    activity::record(tx, context, &entry)?;
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
    fn set_up_names_the_organisation_and_creates_a_super_manager_once() {
        let fixture = Fixture::new();
        let context = fixture.context([192, 0, 2, 1]);
        let codes =
            [(); 2].map(|()| fixture.write(|tx| begin(tx, &fixture.keyring, fixture.now())));
        assert!(fixture.read(is_open));
        let member = fixture.write(|tx| finish(tx, &set_up(&codes[0]), &context));
        assert!(Permissions::all().iter().all(|permission| member.may(permission)));
        assert_eq!(fixture.read(settings::get).organisation, "Northwind Parcels");
        assert_eq!(fixture.event_names(), ["member.added", "organisation.set_up"]);
        assert!(!fixture.read(is_open));
        for code in codes {
            let second_attempt =
                fixture.db.write_blocking(|tx| finish(tx, &set_up(&code), &context));
            assert!(matches!(second_attempt, Err(Error::NotFound)));
        }
        let second_attempt =
            fixture.db.write_blocking(|tx| begin(tx, &fixture.keyring, fixture.now()));
        assert!(matches!(second_attempt, Err(Error::NotFound)));
    }

    #[test]
    fn a_wrong_code_changes_nothing() {
        let fixture = Fixture::new();
        let context = fixture.context([192, 0, 2, 1]);
        fixture.write(|tx| begin(tx, &fixture.keyring, fixture.now()));
        let wrong = set_up("0000000000000000000000");
        let result = fixture.db.write_blocking(|tx| finish(tx, &wrong, &context));
        assert!(matches!(&result, Err(Error::Invalid(e)) if e.0[0].field == "code"));
        assert!(fixture.read(is_open));
        assert!(fixture.events().is_empty());
    }
}
