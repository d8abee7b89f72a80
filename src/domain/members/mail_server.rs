//! Who may change where mail goes, and who may be mailed a link that sets a password.
//!
//! The operator of the mail server can read every link that is mailed and sign in with it. So changing
//! the server needs every permission, and a link is mailed only to members who hold no more than the
//! person who last changed the server held then. ASVS 8.2.1, 8.3.1.

use super::{Email, Member, MemberId, Permission, Permissions, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{Actor, Author, Change};
use crate::domain::mail::{self, Changed, Draft, Server};
use crate::domain::settings;

/// A change of the mail server that the other super managers are still to be notified of.
pub struct Notification {
    /// The server before the change: its author does not control that one.
    pub through: Server,
    pub recipients: Vec<Email>,
    pub organisation: String,
    pub changes: Vec<Change>,
    /// Who changed it.
    pub who: String,
    pub at: Timestamp,
}

/// Changes the mail server. Returns the server, and whom to notify once that is committed.
///
/// # Errors
/// [`Error::Forbidden`] when the author does not hold every permission; [`Error::Invalid`] when the
/// draft breaks rules.
pub fn change(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    author: &Author,
) -> Result<(Option<Server>, Option<Notification>)> {
    let held = held_by(tx, author)?;
    let missing = Permissions::all().without(held);
    if !missing.is_empty() {
        return Err(Error::Forbidden(needs_every_permission(missing)));
    }
    let is_confirmed = !held.without(vouched_for(tx)?).is_empty();
    let changed = mail::change(tx, draft, &held.names(), is_confirmed, author)?;
    let after = changed.after.clone();
    Ok((after, notification(tx, changed, author)?))
}

/// The sentence for somebody who lacks `missing`.
pub fn needs_every_permission(missing: Permissions) -> String {
    format!("You need every permission to do this. You do not have {}.", missing.names().join(", "))
}

/// What `member` holds beyond what the person who last changed the mail server held then. Unless that
/// is nothing, no link that sets the member's password is mailed.
pub fn beyond_mail(connection: &mut Connection, member: &Member) -> Result<Permissions> {
    Ok(member.held().without(vouched_for(connection)?))
}

/// The names of the members who may change the mail server.
pub fn changers(connection: &mut Connection) -> Result<Vec<String>> {
    let members = store::list(connection)?.into_iter();
    let may = members.filter(|member| member.is_active() && member.held() == Permissions::all());
    Ok(may.map(|member| member.name.as_str().to_owned()).collect())
}

/// What the person who last changed the server held then. Where that was not recorded: what they hold
/// now; everything for the command line.
fn vouched_for(connection: &mut Connection) -> Result<Permissions> {
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

fn held_by(tx: &mut Transaction<'_>, author: &Author) -> Result<Permissions> {
    match &author.actor {
        Actor::CommandLine => Ok(Permissions::all()),
        Actor::Member { id, .. } => held_by_member(tx, id.clone()),
        Actor::Anonymous | Actor::System => Ok(Permissions::default()),
    }
}

fn held_by_member(connection: &mut Connection, id: String) -> Result<Permissions> {
    let member = store::by_id(connection, &MemberId::stored(id))?;
    Ok(member.filter(Member::is_active).map(|member| member.held()).unwrap_or_default())
}

/// For every other super manager, through the server before.
fn notification(
    tx: &mut Transaction<'_>,
    changed: Changed,
    author: &Author,
) -> Result<Option<Notification>> {
    let Changed { before: Some(through), changes, .. } = changed else { return Ok(None) };
    if changes.is_empty() {
        return Ok(None);
    }
    let mut others = store::list(tx)?;
    others.retain(|member| {
        let is_author = author.actor.id() == Some(member.id.as_str());
        member.is_active() && member.super_manager && !is_author
    });
    Ok(Some(Notification {
        through,
        recipients: others.into_iter().map(|member| member.email).collect(),
        organisation: settings::get(tx)?.organisation,
        changes,
        who: author.actor.name().to_owned(),
        at: author.now,
    }))
}
