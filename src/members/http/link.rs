//! The one look at a one-time link, to be handed over.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use askama::Template;

use super::Viewer;
use super::table::Table;
use super::words::moment;
use crate::error::Result;
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
}

/// Hands a one-time link over: the one place where it leaves the program, and so the one from
/// which it would also be sent by email. It stands in this response and nowhere else, and the
/// response is not compressed, so that its length tells nothing (BREACH).
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
    Notice::done(format!("“{name}” {done}.")).set(viewer.session())?;
    let mut response = page::ok(&LinkPage {
        viewer,
        table: Table::load(&site.db, viewer).await?,
        name,
        email: member.email.as_str(),
        is_invitation: until.is_some(),
        works_until: until.map(moment).unwrap_or_default(),
        link: format!("{}/{path}?code={code}", site.public_url),
    })?;
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    Ok(response)
}
