//! The people who sign in: who they are and what they may do.
//!
//! Uses activity, settings and mail; does not depend on later features. `sign_in` handles passwords
//! and sessions.

pub mod access;
pub mod invitation;
mod list;
pub mod mail_server;
pub mod mapped;
mod member;
pub mod permission;
mod remaining;
mod store;
pub mod ways_in;

pub use access::{Access, RequestedAccess};
pub use list::{NOT_SEEN_DAYS, count, not_seen, page};
pub use member::{Email, Member, MemberId, MemberName, State};
pub use permission::{Permission, Permissions, Permit};

use crate::base::error::{Error, Result};
use crate::base::text::TypedText;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event, Subject};

/// A member to add.
#[derive(Clone, Debug)]
pub struct NewMember {
    pub name: MemberName,
    /// The address to sign in with.
    pub email: Email,
    /// The password's argon2id hash. Without one, the member cannot sign in yet.
    pub password_hash: Option<String>,
    pub super_manager: bool,
    pub permissions: Permissions,
}

/// Adds a member.
///
/// # Errors
/// [`Error::Invalid`] when another member has the address.
pub fn add(tx: &mut Transaction<'_>, new: &NewMember, context: &Context) -> Result<Member> {
    if store::by_email(tx, &new.email)?.is_some() {
        return Err(Error::invalid("email", "Another member already has this email address"));
    }
    let member = Member {
        id: MemberId::random()?,
        name: new.name.clone(),
        email: new.email.clone(),
        super_manager: new.super_manager,
        permissions: new.permissions,
        state: State::Active,
        created_at: context.now,
        last_signed_in_at: None,
        two_step_since: None,
        version: 1,
    };
    store::insert(tx, &member, new.password_hash.as_deref())?;
    let entry = Entry::about(Event::MemberAdded, member.subject()).with(member.details());
    activity::record(tx, context, &entry)?;
    Ok(member)
}

/// Folds every address again. Returns the members whose folded address another member already has.
/// They keep their stored form, so they can still be found by their exact spelling.
pub fn fold_emails_again(tx: &mut Transaction<'_>) -> Result<Vec<MemberId>> {
    let (members, mut shared) = (store::folded_emails(tx)?, Vec::new());
    for (id, email, stored) in &members {
        if email.folded() == stored {
            continue;
        }
        if members.iter().any(|(_, _, other)| other == email.folded()) {
            shared.push(id.clone());
        } else {
            store::set_folded_email(tx, id, email.folded())?;
        }
    }
    Ok(shared)
}

/// Whether another member has the same address. This happens only if an older version of the program
/// treated the two addresses as different.
pub fn shares_address(connection: &mut Connection, member: &Member) -> Result<bool> {
    let members = store::folded_emails(connection)?;
    Ok(members
        .iter()
        .any(|(id, email, _)| *id != member.id && email.folded() == member.email.folded()))
}

/// The member with this id.
pub fn find(connection: &mut Connection, id: &MemberId) -> Result<Option<Member>> {
    store::by_id(connection, id)
}

/// The member with this address, and their password hash.
pub fn by_email(
    connection: &mut Connection,
    email: &Email,
) -> Result<Option<(Member, Option<String>)>> {
    store::by_email(connection, email)
}

/// All members, by name.
pub fn list(connection: &mut Connection) -> Result<Vec<Member>> {
    store::list(connection)
}

/// Whether any member exists. Until then, the set-up page is open.
pub fn any(connection: &mut Connection) -> Result<bool> {
    store::any(connection)
}

/// The names of the members, except `asker`, who can sign in and manage members, so that a page can
/// say whom to ask.
pub fn managers_except(connection: &mut Connection, asker: &MemberId) -> Result<Vec<String>> {
    let others = store::managers(connection)?.into_iter().filter(|(id, _)| id != asker);
    Ok(others.map(|(_, name)| name).collect())
}

/// Whether at least two super managers are not disabled. One of them may only be invited.
pub fn has_two_super_managers(connection: &mut Connection) -> Result<bool> {
    store::has_two_super_managers(connection)
}

/// Changes a member's name, at their own request.
///
/// # Errors
/// [`Error::Invalid`] when the name is not valid; [`Error::NotFound`] when the member does not
/// exist.
pub fn rename(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    name: &str,
    context: &Context,
) -> Result<Member> {
    let member = store::by_id(tx, id)?.ok_or(Error::NotFound)?;
    let name = MemberName::parse(TypedText::replacing(name, member.name.as_str()));
    let name = name.map_err(|message| Error::invalid("name", message))?;
    if member.name == name {
        return Ok(member);
    }
    store::set_name(tx, id, &name)?;
    let (from, to) = (member.name.as_str().to_owned(), name.as_str().to_owned());
    let changes = [Change { field: "Name".into(), from, to }];
    let member = Member { name, ..member };
    let entry = Entry::about(Event::MemberNameChanged, member.subject());
    activity::record(tx, context, &entry.with(serde_json::json!({ "changes": changes })))?;
    Ok(member)
}

/// Replaces a member's password hash; `None` removes the password.
pub fn set_password_hash(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    hash: Option<&str>,
) -> Result<()> {
    store::set_password_hash(tx, id, hash)
}

/// Sets when a member last signed in to now.
pub fn set_last_signed_in(
    tx: &mut Transaction<'_>,
    member: &Member,
    context: &Context,
) -> Result<()> {
    store::set_last_signed_in(tx, &member.id, context.now)
}

/// Records that a member has signed in, with `details` about how.
pub fn note_sign_in(
    tx: &mut Transaction<'_>,
    member: &Member,
    details: serde_json::Value,
    context: &Context,
) -> Result<()> {
    set_last_signed_in(tx, member, context)?;
    activity::record(tx, context, &Entry::about(Event::SignedIn, member.subject()).with(details))
}

impl Member {
    /// The member as the subject of an activity entry.
    pub fn subject(&self) -> Subject {
        Subject {
            kind: "member",
            id: self.id.as_str().to_owned(),
            name: self.name.as_str().to_owned(),
        }
    }

    /// The activity details for a new member.
    fn details(&self) -> serde_json::Value {
        serde_json::json!({
            "email": self.email.as_str(),
            "super_manager": self.super_manager,
            "permissions": self.permissions.names(),
        })
    }
}
