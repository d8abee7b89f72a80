//! `/api-keys/{key_id}/edit`: the dialog that changes a key, without losing anybody's change.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::behind::{Asked, Behind};
use super::form::{Fields, FormView};
use super::list_check::{ListCheck, said};
use super::prefill::Prefill;
use crate::base::clock::{Timestamp, long_date};
use crate::base::error::{Error, Invalid, Result};
use crate::db::Connection;
use crate::domain::activity::{self, Theirs};
use crate::domain::api_keys::{self, ApiKey, Details, Draft, IpWhitelist, KeyId, Status};
use crate::domain::members::permission::UpdateKeys;
use crate::domain::usage::{self, Passed, WouldRefuse};
use crate::domain::{roles, scopes};
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "api_keys/edit.html")]
struct Edit<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    close: String,
    id: String,
    form: FormView,
    list: ListCheck,
    is_expired: bool,
    expired_on: String,
    conflict: Option<Theirs>,
}

/// What the form starts with.
enum Start {
    /// The key as it is, and what a link fills in.
    Key(Prefill),
    /// What was typed; the version becomes the present one, so that saving again is knowing better.
    Again(Fields),
    /// What was typed, on the way to saving it: the version stays.
    Still(Fields, Prefill),
}

pub(super) async fn page(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    asked: Query<Asked>,
    prefill: Query<Prefill>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let (start, behind) = (Start::Key(prefill.0), &asked.0.behind);
    draw(StatusCode::OK, &viewer, &site, &id, start, Invalid::default(), behind).await
}

pub(super) async fn save(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let behind = form.fields.behind.clone();
    if !form.fields.assist.is_empty() {
        let prefill = Prefill::pressed(&form.fields.assist);
        let start = Start::Still(form.fields, prefill);
        return draw(StatusCode::OK, &viewer, &site, &id, start, Invalid::default(), &behind).await;
    }
    let location = Behind::location(&behind, &id);
    let (draft, author, token) = (form.fields.draft(), viewer.author(), form.token);
    let Ok(version) = form.fields.version.parse() else {
        let errors = one("This form is out of date. Check the values, then save again");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let start = Start::Again(form.fields);
        return draw(status, &viewer, &site, &id, start, errors, &behind).await;
    };
    let (edited, back) = (id, location.clone());
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        let before = api_keys::find(tx, &edited)?;
        let key = api_keys::edit(tx, &edited, &draft, version, &author)?;
        Ok((key, would_refuse(tx, before.as_ref(), &draft, author.now)?))
    });
    let (status, errors) = match saved.await {
        Ok((key, would_refuse)) => {
            saved_notice(&key, would_refuse).set(viewer.session())?;
            return Ok(page::see_other(&location));
        }
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, Invalid::default()),
        Err(error) => return Err(error),
    };
    draw(status, &viewer, &site, &id, Start::Again(form.fields), errors, &behind).await
}

/// What a new IP whitelist would have refused.
fn would_refuse(
    connection: &mut Connection,
    before: Option<&Details>,
    draft: &Draft,
    now: Timestamp,
) -> Result<Option<WouldRefuse>> {
    let list = IpWhitelist::parse(&draft.ip_whitelist).unwrap_or_default();
    let Some(before) = before.filter(|before| before.ip_whitelist != list) else {
        return Ok(None);
    };
    Ok(Some(usage::passed(connection, &before.key.id, now)?.under(&list)))
}

/// A new IP whitelist that would have refused requests is worth a second look.
fn saved_notice(key: &ApiKey, would_refuse: Option<WouldRefuse>) -> Notice {
    let saved = format!("“{}” saved.", key.name.as_str());
    match would_refuse.filter(|would| would.count > 0) {
        Some(would) => Notice::warning(format!("{saved} {}", said("Its new IP whitelist", &would))),
        None => Notice::done(saved),
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    id: &KeyId,
    start: Start,
    errors: Invalid,
    behind: &str,
) -> Result<HttpResponse> {
    let (wanted, now) = (*id, viewer.now);
    let read_version = start.version();
    let is_conflict = status == StatusCode::CONFLICT;
    let found = site.db.read(move |c| {
        let details = api_keys::find(c, &wanted)?.ok_or(Error::NotFound)?;
        let theirs = is_conflict.then(|| activity::since(c, wanted.as_str(), read_version));
        let passed = usage::passed(c, &wanted, now)?;
        Ok((details, roles::all(c)?, scopes::all(c)?, theirs.transpose()?, passed))
    });
    let (details, roles, scopes, conflict, passed) = found.await?;
    if details.key.status(now) == Status::Revoked {
        Notice::note("This key was revoked. It can no longer be changed.").set(viewer.session())?;
        return Ok(page::see_other(&format!("/api-keys/{}", id.as_str())));
    }
    let mut fields = start.fields(&details, &passed);
    behind.clone_into(&mut fields.behind);
    page::page(
        status,
        &Edit {
            viewer,
            behind: Behind::load(&site.db, viewer, behind, id).await?,
            close: Behind::location(behind, id),
            id: id.as_str().into(),
            list: ListCheck::new(&fields.ip_whitelist, &passed),
            form: FormView::new(fields, errors, &roles, &scopes, &viewer.settings, now),
            is_expired: details.key.status(now) == Status::Expired,
            expired_on: long_date(details.key.expires_at.last_day()),
            conflict,
        },
    )
}

/// What is wrong with the form as a whole.
fn one(message: &str) -> Invalid {
    let mut errors = Invalid::default();
    errors.add("", message);
    errors
}

impl Start {
    /// The version that was typed into.
    fn version(&self) -> i64 {
        match self {
            Self::Key(_) => 0,
            Self::Again(fields) | Self::Still(fields, _) => fields.version.parse().unwrap_or(0),
        }
    }

    fn fields(self, details: &Details, passed: &Passed) -> Fields {
        let present = Fields::of(details);
        match self {
            Self::Key(prefill) => {
                let mut fields = present;
                prefill.apply(&mut fields, details, passed);
                fields
            }
            Self::Again(mut typed) => {
                typed.version = present.version;
                typed
            }
            Self::Still(mut typed, prefill) => {
                prefill.apply(&mut typed, details, passed);
                typed
            }
        }
    }
}
