//! `/members/{member_id}/edit`: the dialog that changes what a member may do.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::form::{Fields, FormView};
use super::table::Table;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::activity::{self, Theirs};
use crate::domain::members::permission::ManageMembers;
use crate::domain::members::{self, Member, MemberId};
use crate::domain::sign_in::standing::{self, Edited};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "members/edit.html")]
struct Edit<'a> {
    viewer: &'a Viewer,
    table: Table,
    member: &'a Member,
    form: FormView,
    conflict: Option<Theirs>,
    /// Whether the viewer may be shown a link that sets the member's password.
    may_reset: bool,
}

pub(super) async fn page(
    viewer: Allowed<ManageMembers>,
    member_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = MemberId::parse(&member_id).ok_or(Error::NotFound)?;
    draw(StatusCode::OK, &viewer, &site, &id, None, Invalid::default()).await
}

pub(super) async fn save(
    viewer: Allowed<ManageMembers>,
    member_id: web::Path<String>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = MemberId::parse(&member_id).ok_or(Error::NotFound)?;
    let location = super::row(&id);
    let (wanted, author, token) = (form.fields.wanted(), viewer.author(), form.token);
    let Ok(version) = form.fields.version.parse() else {
        let message = "This form is out of date. Check the values, then save again";
        let mut errors = Invalid::default();
        errors.add("", message);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return draw(status, &viewer, &site, &id, Some(form.fields), errors).await;
    };
    let (edited, back) = (id.clone(), location.clone());
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        standing::edit(tx, &edited, &wanted, version, &author)
    });
    let (status, errors) = match saved.await {
        Ok(edited) => {
            saved_notice(&edited).set(viewer.session())?;
            return Ok(page::see_other(&location));
        }
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, Invalid::default()),
        Err(error) => return Err(error),
    };
    draw(status, &viewer, &site, &id, Some(form.fields), errors).await
}

fn saved_notice(Edited { member, link_stopped }: &Edited) -> Notice {
    let name = member.name.as_str();
    if *link_stopped {
        return Notice::warning(format!(
            "“{name}” saved. The link that was handed out no longer works: make a new one."
        ));
    }
    Notice::done(format!("“{name}” saved."))
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    id: &MemberId,
    typed: Option<Fields>,
    errors: Invalid,
) -> Result<HttpResponse> {
    let is_conflict = status == StatusCode::CONFLICT;
    let since = typed.as_ref().and_then(|fields| fields.version.parse().ok()).unwrap_or_default();
    let wanted = id.clone();
    let found = site.db.read(move |c| {
        let member = members::find(c, &wanted)?.ok_or(Error::NotFound)?;
        let theirs = is_conflict.then(|| activity::since(c, wanted.as_str(), since));
        Ok((member, theirs.transpose()?))
    });
    let (member, conflict) = found.await?;
    let held = viewer.member.held();
    // What was typed stays; the version is the present one, so that saving again is knowing better.
    let mut fields = typed.unwrap_or_else(|| Fields::of(&member));
    fields.version = member.version.to_string();
    page::page(
        status,
        &Edit {
            viewer,
            table: Table::load(&site.db, viewer).await?,
            form: FormView::new(fields, errors, member.held(), held),
            conflict,
            may_reset: member.is_active()
                && member.id != viewer.member.id
                && member.held().without(held).is_empty(),
            member: &member,
        },
    )
}
