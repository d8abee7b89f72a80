//! `/api-keys/{key_id}/rotate`: the dialog that gives a key a new secret.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::behind::{Asked, Behind};
use super::form::{Fields, FormView};
use super::secret::{SecretPage, noted};
use super::words::{ago_within, moment, overlap_label};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::api_keys::{self, Details, KeptSecret, KeyId, Overlap, Rotation, Status};
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, Viewer, Visit, write_and_reveal};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RotateForm {
    overlap: String,
    lifetime: String,
    expires_on: String,
    version: String,
    behind: String,
}

#[derive(Template)]
#[template(path = "api_keys/rotate.html")]
struct Rotate<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    asked: &'a str,
    close: String,
    id: String,
    name: String,
    version: i64,
    form: FormView,
    overlaps: Vec<OverlapTile>,
    /// Whether no secret works any more, so that there is nothing to choose.
    is_expired: bool,
    /// What becomes of the secrets when two of them work.
    of_two: Option<String>,
}

struct OverlapTile {
    slug: &'static str,
    label: &'static str,
    until: String,
    is_chosen: bool,
}

pub(super) async fn page(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    asked: Query<Asked>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let form = RotateForm {
        overlap: Overlap::Days7.as_str().into(),
        behind: asked.0.behind,
        ..RotateForm::default()
    };
    draw(StatusCode::OK, &viewer, &site, &id, &form, Invalid::default()).await
}

pub(super) async fn rotate(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    form: Form<RotateForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let (token, fields) = (form.token, form.fields);
    let rotation = Rotation {
        overlap: fields.overlap.clone(),
        lifetime: fields.lifetime.clone(),
        expires_on: fields.expires_on.clone(),
        version: fields.version.parse().ok(),
        since: token.issued(),
    };
    let location = format!("/api-keys/{}", id.as_str());
    let secret = SecretPage::load(&viewer, &site, &location).await?;
    let rotated = write_and_reveal(&viewer, &site, secret, (token, location), move |tx, author| {
        let rotated = api_keys::rotate(tx, &id, &rotation, author)?;
        Ok(noted(rotated, "rotated"))
    });
    let (status, errors) = match rotated.await {
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, changed()),
        result => return result,
    };
    draw(status, &viewer, &site, &id, &fields, errors).await
}

pub(super) fn changed() -> Invalid {
    let mut errors = Invalid::default();
    errors.add(
        "",
        "Someone else changed or rotated this key. Look at it, and rotate it again if that is still needed",
    );
    errors
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    id: &KeyId,
    typed: &RotateForm,
    errors: Invalid,
) -> Result<HttpResponse> {
    let (wanted, now) = (*id, viewer.now);
    let found = site.db.read(move |c| {
        let details = api_keys::find(c, &wanted)?.ok_or(Error::NotFound)?;
        Ok((details, api_keys::secrets(c, &wanted)?))
    });
    let (Details { key, .. }, secrets) = found.await?;
    if key.status(now) == Status::Revoked {
        Notice::note("This key was revoked. It can no longer be rotated.").set(viewer.session())?;
        return Ok(page::see_other(&format!("/api-keys/{}", id.as_str())));
    }
    let fields = Fields::for_rotation(&viewer.settings, &typed.lifetime, &typed.expires_on);
    let template = Rotate {
        viewer,
        behind: Behind::load(&site.db, viewer, &typed.behind, id).await?,
        asked: &typed.behind,
        close: Behind::location(&typed.behind, id),
        id: id.as_str().into(),
        name: key.name.as_str().into(),
        version: key.version,
        form: FormView::new(fields, errors, &[], &[], &viewer.settings, now),
        overlaps: tiles(&secrets, &typed.overlap, now),
        is_expired: key.status(now) == Status::Expired,
        of_two: of_two(&secrets, now),
    };
    page::page(status, &template)
}

/// The choices, with when the old secret would stop.
fn tiles(secrets: &[KeptSecret], chosen: &str, now: Timestamp) -> Vec<OverlapTile> {
    let own_end = secrets.first().map_or(now, |current| current.expires_at);
    let tile = |overlap: Overlap| {
        let end = now.plus(overlap.length()).min(own_end);
        OverlapTile {
            slug: overlap.as_str(),
            label: overlap_label(overlap),
            until: match overlap {
                Overlap::Now => "if it leaked".into(),
                _ => moment(end),
            },
            is_chosen: overlap.as_str() == chosen,
        }
    };
    Overlap::ALL.map(tile).into()
}

fn of_two(secrets: &[KeptSecret], now: Timestamp) -> Option<String> {
    let older = secrets.iter().find(|secret| secret.overlaps(now))?;
    let used = |secret: &KeptSecret| {
        secret
            .last_used_at
            .map_or("never used".into(), |at| format!("last used {}", ago_within(at, now)))
    };
    let made = |secret: &KeptSecret| moment(secret.created_at);
    match secrets.first() {
        Some(current) if current.last_used_at.is_none() => Some(format!(
            "The secret made on {} was never used and stops at once. The one before goes on.",
            made(current)
        )),
        _ => Some(format!(
            "A key has at most two working secrets: the one made on {}, {}, stops at once.",
            made(older),
            used(older)
        )),
    }
}
