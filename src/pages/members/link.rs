//! The one look at a one-time link, to be handed over.
//!
//! Everything that the page needs is loaded before the link is made, and its message is queued in the
//! same transaction: once that is committed, nothing that can fail comes between the link and its
//! response.

use actix_web::HttpResponse;
use askama::Template;

use super::table::Table;
use super::words::moment;
use crate::base::clock::{HOUR, Timestamp};
use crate::base::error::Result;
use crate::config::PublicUrl;
use crate::db::Transaction;
use crate::domain::activity::Author;
use crate::domain::mail::{self, LinkOf, Message};
use crate::domain::members::{Member, Permissions, State, mail_server};
use crate::pages::{Reveal, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::{Site, page};

/// What a second submit of the form is told.
const ALREADY_SHOWN: &str =
    "This link has already been shown. If you did not hand it over, make a new one.";

/// A link that was made, and what became of its message.
pub(super) struct NewLink {
    member: Member,
    link: String,
    delivery: Delivery,
}

/// Whether the link is also sent by email.
enum Delivery {
    /// There is no mail server.
    None,
    /// Its message waits in the outbox.
    Queued,
    /// It is not sent, since the member holds these permissions and the person who last changed the
    /// mail server did not.
    Withheld(Permissions),
}

/// Everything that the page needs but the link.
pub(super) struct LinkPage<'a> {
    viewer: &'a Viewer,
    table: Table,
}

#[derive(Template)]
#[template(path = "members/link.html")]
struct Shown<'a> {
    viewer: &'a Viewer,
    table: &'a Table,
    name: &'a str,
    email: &'a str,
    is_invitation: bool,
    works_until: String,
    link: &'a str,
    is_queued: bool,
    /// Names of permissions; empty unless the link was withheld.
    withheld: String,
}

/// What a link and its message are made of.
#[derive(Clone)]
pub(super) struct LinkMaker {
    public_url: PublicUrl,
    who: String,
    organisation: String,
}

impl LinkMaker {
    pub(super) fn of(viewer: &Viewer, public_url: &PublicUrl) -> Self {
        Self {
            public_url: public_url.clone(),
            who: viewer.member.name.as_str().to_owned(),
            organisation: viewer.settings.organisation.clone(),
        }
    }

    /// Makes the link of `code`, in the transaction that made the code, and queues its message.
    pub(super) fn make(
        &self,
        tx: &mut Transaction<'_>,
        member: Member,
        code: &str,
        author: &Author,
    ) -> Result<NewLink> {
        let path = if works_until(&member).is_some() { "invitation" } else { "reset-password" };
        let link = format!("{}/{path}?code={code}", self.public_url);
        let beyond = mail_server::beyond_mail(tx, &member)?;
        let delivery = if mail::server_is_set(tx)? && !beyond.is_empty() {
            Delivery::Withheld(beyond)
        } else {
            let ends_at = works_until(&member).unwrap_or(author.now.plus(HOUR));
            let of = LinkOf { member_id: member.id.as_str(), ends_at };
            let message = self.message(&member, &link);
            let is_queued = mail::queue_link(tx, &message, of, &author.keyring, author.now)?;
            if is_queued { Delivery::Queued } else { Delivery::None }
        };
        Ok(NewLink { member, link, delivery })
    }

    fn message(&self, member: &Member, link: &str) -> Message {
        let Self { who, organisation, .. } = self;
        let (subject, text) = if let Some(until) = works_until(member) {
            let until = moment(until);
            (
                format!("{who} invites you to {organisation}"),
                format!(
                    "{who} invites you to look after the API keys of {organisation}. Choose a \
                 password here:\n\n{link}\n\nThe link works once, until {until}. If you do \
                 not know what this is about, leave it.\n"
                ),
            )
        } else {
            (
                format!("Set a new password for {organisation}"),
                format!(
                    "{who} made a link for you to set a new password for the API keys of \
                 {organisation}:\n\n{link}\n\nIt works once, for one hour.\n"
                ),
            )
        };
        Message { to: member.email.as_str().into(), subject, text, html: None }
    }
}

/// Until when the member's invitation works; `None` for a member whose password is reset.
fn works_until(member: &Member) -> Option<Timestamp> {
    match member.state {
        State::Invited(until) => Some(until),
        State::Active | State::Disabled(_) => None,
    }
}

impl<'a> LinkPage<'a> {
    pub(super) async fn load(viewer: &'a Visit, site: &Site) -> Result<Self> {
        Ok(Self { viewer, table: Table::behind(site, viewer).await? })
    }
}

/// Hands a one-time link over. It is in this response and, encrypted, in the message that waits in the
/// outbox, and nowhere else.
impl Reveal for LinkPage<'_> {
    type Made = NewLink;

    fn show(&self, made: &NewLink) -> HttpResponse {
        let until = works_until(&made.member);
        let withheld = match &made.delivery {
            Delivery::Withheld(beyond) => beyond.names().join(", "),
            Delivery::None | Delivery::Queued => String::new(),
        };
        let template = Shown {
            viewer: self.viewer,
            table: &self.table,
            name: made.member.name.as_str(),
            email: made.member.email.as_str(),
            is_invitation: until.is_some(),
            works_until: until.map(moment).unwrap_or_default(),
            link: &made.link,
            is_queued: matches!(made.delivery, Delivery::Queued),
            withheld,
        };
        page::reveal(&template, &[("Link", &made.link)])
    }

    fn already_shown(&self) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }
}

/// What was made, with the notice of the next page.
pub(super) fn noted(made: NewLink) -> (NewLink, Notice) {
    let done =
        if works_until(&made.member).is_some() { "invited" } else { "has to set a new password" };
    let notice = Notice::done(format!("“{}” {done}.", made.member.name.as_str()));
    (made, notice)
}
