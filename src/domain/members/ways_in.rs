//! How members may sign in: with a password, or with an account at the provider of single sign-on.
//!
//! The rule that somebody who manages members must remain counts only members who can sign in under
//! the present settings. So what this rule needs to know is here and not in `sso`, which asks the
//! provider and keeps its settings.

use super::access::record_with;
use super::{Member, MemberId, store};
use crate::base::closed_set::closed_set;
use crate::base::error::{Error, Result};
use crate::db::types::text_column;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{Context, Event};

closed_set! {
    /// Who may sign in with a password while there is a provider.
    #[derive(Default)]
    pub enum Passwords {
        #[default]
        Allowed = "allowed" "Every member with a password",
        BreakGlassOnly = "break_glass_only" "Only break-glass members",
    }
}
text_column!(Passwords);

/// How many members may be break-glass members.
pub const MAX_BREAK_GLASS: usize = 3;

/// Whether the member may sign in with a password under the present settings.
pub fn password_is_allowed(connection: &mut Connection, id: &MemberId) -> Result<bool> {
    match store::passwords(connection)? {
        Passwords::Allowed => Ok(true),
        Passwords::BreakGlassOnly => Ok(store::break_glass(connection)?.contains(id)),
    }
}

/// The members who may sign in with a password when nobody else may.
pub fn break_glass(connection: &mut Connection) -> Result<Vec<Member>> {
    let ids = store::break_glass(connection)?;
    store::by_ids(connection, &ids)
}

/// Whether only break-glass members may sign in with a password.
pub fn passwords_are_off(connection: &mut Connection) -> Result<bool> {
    Ok(store::passwords(connection)? == Passwords::BreakGlassOnly)
}

/// How a member can sign in under the present settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// Whether the member has a password and may use it.
    pub password: bool,
    /// The provider's URL, if the member is linked to an account there.
    pub provider: Option<String>,
}

/// How the member can sign in under the present settings.
pub fn of(connection: &mut Connection, id: &MemberId) -> Result<WaysIn> {
    let store::WaysRow { has_password, is_break_glass, provider } = store::ways_of(connection, id)?;
    let is_allowed = provider
        .as_ref()
        .is_none_or(|(_, passwords, _)| *passwords == Passwords::Allowed || is_break_glass);
    Ok(WaysIn {
        password: has_password && is_allowed,
        provider: provider.filter(|(.., is_linked)| *is_linked).map(|(issuer, ..)| issuer),
    })
}

/// The members who could be break-glass members: active ones with a password and a second factor.
pub fn possible_break_glass(connection: &mut Connection) -> Result<Vec<Member>> {
    let ids = store::possible_break_glass(connection)?;
    store::by_ids(connection, &ids)
}

/// Whether at least one break-glass member other than `except` could sign in now.
pub fn has_ready_break_glass(
    connection: &mut Connection,
    except: Option<&MemberId>,
) -> Result<bool> {
    let possible = store::possible_break_glass(connection)?;
    let chosen = store::break_glass(connection)?;
    Ok(chosen.iter().any(|id| Some(id) != except && possible.contains(id)))
}

/// Returns an error if passwords are off and the member is the last break-glass member who could
/// sign in.
pub fn check_another_break_glass_remains(
    connection: &mut Connection,
    member: &Member,
) -> Result<()> {
    let is_one = store::break_glass(connection)?.contains(&member.id);
    if !is_one
        || !passwords_are_off(connection)?
        || has_ready_break_glass(connection, Some(&member.id))?
    {
        return Ok(());
    }
    let name = member.name.as_str();
    let message = format!(
        "{name} is the last break-glass member while passwords are off. Choose another one in the \
         settings of single sign-on first, or run latchkey sso off on the server"
    );
    Err(Error::invalid("", message))
}

/// Ends that a member who has lost the last second factor is a break-glass member.
///
/// # Errors
/// [`Error::Invalid`] when passwords are off and nobody would be left who could sign in with one, or
/// nobody who manages members.
pub fn second_factor_lost(tx: &mut Transaction<'_>, member: &Member) -> Result<()> {
    if !store::break_glass(tx)?.contains(&member.id) {
        return Ok(());
    }
    check_another_break_glass_remains(tx, member)?;
    store::end_break_glass(tx, &member.id)?;
    check_a_manager_remains(tx)
}

/// Makes exactly these members the break-glass members. Returns the names before and after.
pub fn set_break_glass(
    tx: &mut Transaction<'_>,
    ids: &[MemberId],
) -> Result<(Vec<String>, Vec<String>)> {
    let names = |members: Vec<Member>| -> Vec<String> {
        members.iter().map(|member| member.name.as_str().to_owned()).collect()
    };
    let before = names(break_glass(tx)?);
    store::set_break_glass(tx, ids)?;
    Ok((before, names(break_glass(tx)?)))
}

/// Returns an error if nobody is left who can sign in under the present settings and manage members.
/// Called after a change of what the settings allow, whose transaction the error undoes.
pub fn check_a_manager_remains(connection: &mut Connection) -> Result<()> {
    if store::managers(connection)?.is_empty() {
        let message = "Then nobody could sign in and manage members. Nothing was changed";
        return Err(Error::invalid("", message));
    }
    Ok(())
}

/// Links the member to the account `subject` at `issuer`.
///
/// # Errors
/// [`Error::Conflict`] if the account is linked to a member, or the member to an account there.
pub fn link(
    tx: &mut Transaction<'_>,
    member: &Member,
    (issuer, subject): (&str, &str),
    context: &Context,
) -> Result<()> {
    let is_linked = store::subject_of(tx, &member.id, issuer)?.is_some();
    if is_linked || store::by_identity(tx, issuer, subject)?.is_some() {
        return Err(Error::Conflict);
    }
    store::insert_identity(tx, (issuer, subject), &member.id, context.now)?;
    let details = serde_json::json!({ "issuer": issuer, "subject": subject });
    record_with(tx, Event::MemberLinked, member, details, context)
}

/// Ends the member's link to their account at `issuer`.
///
/// # Errors
/// [`Error::Conflict`] if there is none; [`Error::Invalid`] if nobody would be left to manage
/// members.
pub fn unlink(
    tx: &mut Transaction<'_>,
    member: &Member,
    issuer: &str,
    context: &Context,
) -> Result<()> {
    let subject = store::subject_of(tx, &member.id, issuer)?.ok_or(Error::Conflict)?;
    if !of(tx, &member.id)?.password {
        let message = "You cannot sign in with a password, so you need the link";
        return Err(Error::invalid("", message));
    }
    let was_manager = store::managers(tx)?.iter().any(|(id, _)| *id == member.id);
    store::delete_identity(tx, issuer, &subject)?;
    if was_manager {
        check_a_manager_remains(tx)?;
    }
    let details = serde_json::json!({ "issuer": issuer, "subject": subject });
    record_with(tx, Event::MemberUnlinked, member, details, context)
}

/// The member who is linked to the account `subject` at `issuer`.
pub fn by_identity(
    connection: &mut Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<Member>> {
    let id = store::by_identity(connection, issuer, subject)?;
    Ok(id.map(|id| store::by_id(connection, &id)).transpose()?.flatten())
}

/// The member's account at `issuer`, if they are linked to one.
pub fn subject_of(
    connection: &mut Connection,
    id: &MemberId,
    issuer: &str,
) -> Result<Option<String>> {
    store::subject_of(connection, id, issuer)
}

/// Records that an account was used to sign in.
pub fn note_identity_used(
    tx: &mut Transaction<'_>,
    (issuer, subject): (&str, &str),
    context: &Context,
) -> Result<()> {
    store::touch_identity(tx, (issuer, subject), context.now)
}
