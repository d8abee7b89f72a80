//! Who may change the mail server, and who may be mailed a link that sets a password.
//!
//! The operator of the mail server can read every mailed link and sign in with it. Therefore
//! changing the server requires every permission, and a link is mailed only to members who hold no
//! permission that the person who last changed the server lacked at that time. ASVS 8.2.1, 8.3.1.

use super::{Email, Member, MemberId, Permission, Permissions, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{Actor, Change, Context};
use crate::domain::mail::{self, Draft, Server, ServerChange};
use crate::domain::settings;

/// A mail server change to report to the other super managers.
pub struct Notification {
    /// The server before the change, because the author of the change does not control it.
    pub through: Server,
    pub recipients: Vec<Email>,
    pub organisation: String,
    pub changes: Vec<Change>,
    /// The name of the author of the change.
    pub who: String,
    pub at: Timestamp,
}

/// Changes the mail server. Returns the server, and the notification to send after the commit.
///
/// # Errors
/// [`Error::Forbidden`] when the author does not hold every permission; [`Error::Invalid`] when the
/// draft breaks rules.
pub fn change(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    context: &Context,
) -> Result<(Option<Server>, Option<Notification>)> {
    let held = check_every_permission(tx, context)?;
    let is_confirmed = !held.without(held_by_last_changer(tx)?).is_empty();
    let changed = mail::change(tx, draft, &held.names(), is_confirmed, context)?;
    let after = changed.after.clone();
    Ok((after, notification(tx, changed, context)?))
}

/// The author's permissions, if they are all that there are.
///
/// # Errors
/// [`Error::Forbidden`] otherwise.
pub fn check_every_permission(tx: &mut Transaction<'_>, context: &Context) -> Result<Permissions> {
    let held = held_by(tx, context)?;
    let missing = Permissions::all().without(held);
    if missing.is_empty() {
        Ok(held)
    } else {
        Err(Error::Forbidden(needs_every_permission(missing)))
    }
}

/// The error message for a member who lacks the `missing` permissions.
pub fn needs_every_permission(missing: Permissions) -> String {
    format!("You need every permission to do this. You do not have {}.", missing.names().join(", "))
}

/// The permissions of `member` that the person who last changed the mail server did not hold then. A
/// link that sets the member's password is mailed only if this set is empty.
pub fn permissions_beyond_mail(
    connection: &mut Connection,
    member: &Member,
) -> Result<Permissions> {
    Ok(member.held().without(held_by_last_changer(connection)?))
}

/// The names of the members who may change the mail server.
pub fn changers(connection: &mut Connection) -> Result<Vec<String>> {
    let members = store::list(connection)?.into_iter();
    let allowed =
        members.filter(|member| member.is_active() && member.held() == Permissions::all());
    Ok(allowed.map(|member| member.name.as_str().to_owned()).collect())
}

/// The permissions that the person who last changed the server held then. If those were not
/// recorded, this returns the permissions they hold now; the command line holds every permission.
fn held_by_last_changer(connection: &mut Connection) -> Result<Permissions> {
    let Some((entry, held)) = mail::last_change(connection)? else {
        return Ok(Permissions::default());
    };
    if entry.actor_kind == Actor::CommandLine.kind() {
        return Ok(Permissions::all());
    }
    match (held, entry.actor_id) {
        (Some(names), _) => {
            Ok(names.iter().filter_map(|name| name.parse::<Permission>().ok()).collect())
        }
        (None, Some(id)) => held_by_member(connection, id),
        (None, None) => Ok(Permissions::default()),
    }
}

fn held_by(tx: &mut Transaction<'_>, context: &Context) -> Result<Permissions> {
    match &context.actor {
        Actor::CommandLine => Ok(Permissions::all()),
        Actor::Member { id, .. } => held_by_member(tx, id.clone()),
        Actor::Anonymous | Actor::System => Ok(Permissions::default()),
    }
}

fn held_by_member(connection: &mut Connection, id: String) -> Result<Permissions> {
    let member = store::by_id(connection, &MemberId::stored(id))?;
    Ok(member.filter(Member::is_active).map(|member| member.held()).unwrap_or_default())
}

/// The notification for every other super manager, sent through the previous server.
fn notification(
    tx: &mut Transaction<'_>,
    changed: ServerChange,
    context: &Context,
) -> Result<Option<Notification>> {
    let ServerChange { before: Some(through), changes, .. } = changed else { return Ok(None) };
    if changes.is_empty() {
        return Ok(None);
    }
    let but = context.actor.id();
    notification_through(tx, through, changes, but, context).map(Some)
}

/// The notification for every other super manager of changes as grave as those of the mail server.
/// `None` if email is off.
pub fn notification_of(
    tx: &mut Transaction<'_>,
    changes: Vec<Change>,
    context: &Context,
) -> Result<Option<Notification>> {
    let through = mail::server(tx, &context.keyring)?;
    let but = context.actor.id();
    through.map(|through| notification_through(tx, through, changes, but, context)).transpose()
}

/// The notification for the active super managers, except the member with the id `but`.
fn notification_through(
    tx: &mut Transaction<'_>,
    through: Server,
    changes: Vec<Change>,
    but: Option<&str>,
    context: &Context,
) -> Result<Notification> {
    let mut others = store::list(tx)?;
    others.retain(|member| {
        member.is_active() && member.super_manager && but != Some(member.id.as_str())
    });
    Ok(Notification {
        through,
        recipients: others.into_iter().map(|member| member.email).collect(),
        organisation: settings::get(tx)?.organisation,
        changes,
        who: context.actor.name().to_owned(),
        at: context.now,
    })
}
