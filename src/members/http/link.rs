//! The one look at a one-time link, to be handed over.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use askama::Template;

use super::Viewer;
use super::table::Table;
use super::words::moment;
use crate::error::Result;
use crate::mail::{self, Message};
use crate::members::{Member, State};
use crate::web::flash::Notice;
use crate::web::{Site, page};

/// What a second submit of the form is told.
pub(super) const ALREADY_SHOWN: &str =
    "This link has already been shown. If you did not hand it over, make a new one.";

#[derive(Template)]
#[template(path = "members/link.html")]
struct LinkPage<'a> {
    viewer: &'a Viewer,
    table: Table,
    name: &'a str,
    email: &'a str,
    is_invitation: bool,
    works_until: String,
    link: String,
    /// Whether it was also sent by email, and if not, why; nothing where no email is sent.
    sent: Option<Result<(), String>>,
}

/// Hands a one-time link over: the one place where it leaves the program. It stands in this
/// response and, where there is a mail server, in a message to whom it is for, and nowhere else.
/// The response is not compressed, so that its length tells nothing (BREACH).
pub(super) async fn hand_over(
    viewer: &Viewer,
    site: &Site,
    member: &Member,
    code: &str,
) -> Result<HttpResponse> {
    let (path, until, done) = match member.state {
        State::Invited(until) => ("invitation", Some(until), "invited"),
        State::Active | State::Disabled(_) => ("reset-password", None, "has to set a new password"),
    };
    let name = member.name.as_str();
    let link = format!("{}/{path}?code={code}", site.public_url);
    let works_until = until.map(moment).unwrap_or_default();
    Notice::done(format!("“{name}” {done}.")).set(viewer.session())?;
    let mut response = page::ok(&LinkPage {
        viewer,
        table: Table::load(&site.db, viewer).await?,
        name,
        email: member.email.as_str(),
        is_invitation: until.is_some(),
        sent: send(site, &message(viewer, member, &works_until, &link)).await,
        works_until,
        link,
    })?;
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    Ok(response)
}

/// Sends the link too; what keeps it from being sent does not keep it from being handed over.
async fn send(site: &Site, message: &Message) -> Option<Result<(), String>> {
    let keyring = site.keyring.clone();
    match site.db.read(move |c| mail::server(c, &keyring)).await {
        Ok(server) => Some(mail::send(&server?, message).await),
        Err(error) => Some(Err(error.to_string())),
    }
}

fn message(viewer: &Viewer, member: &Member, works_until: &str, link: &str) -> Message {
    let (who, organisation) = (viewer.member.name.as_str(), &viewer.settings.organisation);
    let (subject, text) = if works_until.is_empty() {
        (
            format!("Set a new password for {organisation}"),
            format!(
                "{who} made a link for you to set a new password for the API keys of \
                 {organisation}:\n\n{link}\n\nIt works once, for one hour.\n"
            ),
        )
    } else {
        (
            format!("{who} invites you to {organisation}"),
            format!(
                "{who} invites you to look after the API keys of {organisation}. Choose a \
                 password here:\n\n{link}\n\nThe link works once, until {works_until}. If you do \
                 not know what this is about, leave it.\n"
            ),
        )
    };
    Message { to: member.email.as_str().into(), subject, text, html: None }
}
