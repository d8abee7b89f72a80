//! The page for a member without access: what is missing, and whom to ask.

use askama::Template;

use super::Viewer;
use super::members::someone_to_ask;
use crate::base::error::Result;
use crate::domain::members;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "members/access_denied.html")]
struct AccessDenied<'a> {
    viewer: &'a Viewer,
    what: String,
    /// The permission to ask for.
    permission: Option<&'static str>,
    /// The other people who can grant it, if there are any.
    ask: Option<String>,
}

/// `needs` describes what a super manager lacks, and names the permission if it is a single one.
pub(super) async fn draw(
    viewer: &Viewer,
    needs: (String, Option<&'static str>),
    site: &Site,
) -> Result<String> {
    let id = viewer.member.id.clone();
    let managers = site.db.read(move |c| members::managers_except(c, &id)).await?;
    let (what, permission) = if viewer.member.super_manager {
        needs
    } else {
        ("You need the super manager role to see this page.".to_owned(), None)
    };
    page::html(&AccessDenied { viewer, what, permission, ask: someone_to_ask(&managers) })
}
