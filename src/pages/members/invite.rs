//! `/members/new`: the dialog that invites somebody, and the one look at the link.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::form::{Fields, PermissionBox};
use super::link::{LinkMaker, LinkPage, noted};
use super::table::Table;
use super::words::moment;
use crate::base::clock::DAY;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::Permissions;
use crate::domain::members::permission::ManageMembers;
use crate::domain::sign_in::invitation;
use crate::pages::{Allowed, Viewer, Visit, write_and_reveal};
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "members/new.html")]
struct New<'a> {
    viewer: &'a Viewer,
    table: Table,
    boxes: Vec<PermissionBox>,
    fields: Fields,
    errors: Invalid,
    works_until: String,
}

pub(super) async fn page(
    viewer: Allowed<ManageMembers>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, Fields::default(), Invalid::default()).await
}

pub(super) async fn invite(
    viewer: Allowed<ManageMembers>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (draft, form_token) = (form.fields.draft(), (form.token, "/members".to_owned()));
    let link_page = LinkPage::load(&viewer, &site).await?;
    let maker = LinkMaker::of(&viewer, &site.public_url);
    let invited = write_and_reveal(&viewer, &site, link_page, form_token, move |tx, author| {
        let (member, code) = invitation::invite(tx, &draft, author)?;
        maker.make(tx, member, &code, author).map(noted)
    });
    match invited.await {
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, form.fields, errors).await
        }
        answered => answered,
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    fields: Fields,
    errors: Invalid,
) -> Result<HttpResponse> {
    let template = New {
        viewer,
        table: Table::behind(site, viewer).await?,
        boxes: fields.boxes(Permissions::default(), viewer.member.held()),
        works_until: moment(viewer.now.plus(invitation::DAYS * DAY)),
        fields,
        errors,
    };
    page::page(status, &template)
}
