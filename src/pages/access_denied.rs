//! The page for a member without access: what is missing, and whom to ask.

use askama::Template;

use super::Viewer;
use super::members::either;
use crate::base::error::Result;
use crate::domain::members;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "members/access_denied.html")]
struct AccessDenied<'a> {
    viewer: &'a Viewer,
    what: String,
    /// The people who can grant it.
    ask: String,
}

/// `needs` describes what a super manager lacks.
pub(super) async fn draw(viewer: &Viewer, needs: String, site: &Site) -> Result<String> {
    let managers = site.db.read(members::managers).await?;
    let what = if viewer.member.super_manager {
        needs
    } else {
        "You need the super manager role to see this page.".to_owned()
    };
    page::html(&AccessDenied { viewer, what, ask: either(&managers) })
}
