//! The page that shows a one-time link once, so that it can be handed over.
//!
//! The link is only in this response and, encrypted, in the message in the outbox. The message is
//! queued in the transaction that creates the link.

use std::sync::Arc;

use askama::Template;

use super::table::Table;
use super::words::{done, moment};
use crate::base::clock::{HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::mail::{self, Message, OneTimeLink};
use crate::domain::members::{Member, Permissions, State, mail_server};
use crate::letters;
use crate::pages::{Dialog, Input, SubmitResult, Viewer};
use crate::web::page;

/// The message after a second submit of the form.
pub(super) const ALREADY_SHOWN: &str =
    "This link has already been shown. If you did not hand it over, make a new one.";

/// Whether the link is also sent by email.
enum Delivery {
    /// There is no mail server.
    None,
    /// Its message is in the outbox.
    Queued,
    /// It is not sent, since the member has these permissions and the person who last changed the
    /// mail server did not have them.
    Withheld(Permissions),
}

#[derive(Template)]
#[template(path = "members/link.html")]
struct LinkPage {
    viewer: Arc<Viewer>,
    table: Option<Arc<Table>>,
    member: Member,
    /// When an invitation expires.
    until: Option<String>,
    link: String,
    delivery: Delivery,
}

/// Shows the link with a code that a dialog has created, in the transaction that created it, and
/// queues its message. `what_was_done` is for the notice on the next page.
pub(super) fn reveal<D: Dialog<Backdrop = Table>>(
    tx: &mut Transaction<'_>,
    input: &Input<D>,
    (member, code): (Member, String),
    what_was_done: &str,
    context: &Context,
) -> Result<SubmitResult> {
    let until = works_until(&member);
    let path = if until.is_some() { "invitation" } else { "reset-password" };
    let link = format!("{}/{path}?code={code}", input.site.public_url);
    let notice = done(&member, what_was_done);
    let page = LinkPage {
        viewer: input.viewer.clone(),
        table: input.backdrop_of_secret.clone(),
        delivery: deliver(tx, &input.viewer, &member, &link, context)?,
        until: until.map(moment),
        member,
        link,
    };
    Ok(SubmitResult::at("/members", notice)
        .reveal(move || page::reveal(&page, &[("Link", &page.link)])))
}

fn deliver(
    tx: &mut Transaction<'_>,
    viewer: &Viewer,
    member: &Member,
    link: &str,
    context: &Context,
) -> Result<Delivery> {
    let beyond = mail_server::permissions_beyond_mail(tx, member)?;
    if mail::server_is_set(tx)? && !beyond.is_empty() {
        return Ok(Delivery::Withheld(beyond));
    }
    let (who, organisation) = (viewer.member.name.as_str(), &viewer.settings.organisation);
    let (message, ends_at) = match works_until(member) {
        Some(until) => (letters::invitation(who, organisation, link, until), until),
        None => (letters::password_reset(who, organisation, link), context.now.plus(HOUR)),
    };
    let message = Message { to: member.email.as_str().into(), ..message };
    let of = OneTimeLink { member_id: member.id.as_str(), ends_at };
    let is_queued = mail::queue_link(tx, &message, of, &context.keyring, context.now)?;
    Ok(if is_queued { Delivery::Queued } else { Delivery::None })
}

/// When the member's invitation expires; `None` for a member whose password is reset.
fn works_until(member: &Member) -> Option<Timestamp> {
    match member.state {
        State::Invited(until) => Some(until),
        State::Active | State::Disabled(_) => None,
    }
}
