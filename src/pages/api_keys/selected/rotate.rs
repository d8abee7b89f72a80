//! `/api-keys/selected/rotate`: the dialog that gives several keys a new secret, and the page that
//! shows them once.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Asked, LIST, Selected, ids, live, named, nothing};
use crate::base::error::{Error, Invalid, Result};
use crate::db::Transaction;
use crate::domain::activity::Author;
use crate::domain::api_keys::{self, ApiKey, Details, KeyId, Overlap, Rotation, SecretKey};
use crate::domain::members::permission::UpdateKeys;
use crate::pages::api_keys::behind::Behind;
use crate::pages::api_keys::form::{Fields, FormView};
use crate::pages::api_keys::secret::ALREADY_SHOWN;
use crate::pages::api_keys::words::overlap_label;
use crate::pages::{Allowed, Reveal, Viewer, Visit, write_and_reveal};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

/// How many keys can be rotated at once: as many as a person copies without losing track.
const MOST: usize = 25;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::api_keys) struct RotateForm {
    keys: Vec<String>,
    overlap: String,
    lifetime: String,
    expires_on: String,
}

#[derive(Template)]
#[template(path = "api_keys/selected/rotate.html")]
struct Rotate<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    named: String,
    selected: Vec<Selected>,
    form: FormView,
    overlaps: Vec<Tile>,
}

struct Tile {
    slug: &'static str,
    label: &'static str,
    is_chosen: bool,
}

/// Everything that the page with the secret keys needs but them.
struct SecretsPage<'a> {
    viewer: &'a Viewer,
    behind: Behind,
}

#[derive(Template)]
#[template(path = "api_keys/selected/secrets.html")]
struct Shown<'a> {
    viewer: &'a Viewer,
    behind: &'a Behind,
    secrets: &'a [(Details, SecretKey)],
}

impl Reveal for SecretsPage<'_> {
    type Made = Vec<(Details, SecretKey)>;

    fn show(&self, secrets: &Self::Made) -> HttpResponse {
        if secrets.is_empty() {
            return page::see_other(LIST);
        }
        let plain =
            secrets.iter().map(|(details, secret)| (details.key.id.as_str(), secret.expose()));
        let plain: Vec<_> = plain.collect();
        page::reveal(&Shown { viewer: self.viewer, behind: &self.behind, secrets }, &plain)
    }

    fn already_shown(&self) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }
}

pub(in crate::pages::api_keys) async fn page(
    viewer: Allowed<UpdateKeys>,
    asked: Query<Asked>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let form = RotateForm {
        keys: asked.0.keys,
        overlap: Overlap::Days7.as_str().into(),
        ..RotateForm::default()
    };
    draw(StatusCode::OK, &viewer, &site, &form, Invalid::default()).await
}

pub(in crate::pages::api_keys) async fn rotate(
    viewer: Allowed<UpdateKeys>,
    form: Form<RotateForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (token, fields) = (form.token, form.fields);
    let selected = ids(&fields.keys)?;
    let rotation = Rotation {
        overlap: fields.overlap.clone(),
        lifetime: fields.lifetime.clone(),
        expires_on: fields.expires_on.clone(),
        version: None,
        since: token.issued(),
    };
    let behind = Behind::attention(&site.db, &viewer).await?;
    let secrets = SecretsPage { viewer: &viewer, behind };
    let form = (token, LIST.to_owned());
    let rotated = write_and_reveal(&viewer, &site, secrets, form, move |tx, author| {
        let rotated = rotate_all(tx, &selected, &rotation, author)?;
        let keys: Vec<ApiKey> = rotated.iter().map(|(details, _)| details.key.clone()).collect();
        let notice = match &keys[..] {
            [] => Notice::note(NONE),
            keys => Notice::done(format!("{} rotated.", named(keys))),
        };
        Ok((rotated, notice))
    });
    let (status, errors) = match rotated.await {
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, changed()),
        result => return result,
    };
    draw(status, &viewer, &site, &fields, errors).await
}

const NONE: &str = "None of these keys can be rotated: a revoked key stays revoked.";

fn changed() -> Invalid {
    let mut errors = Invalid::default();
    errors.add(
        "",
        "Someone else changed or rotated one of these keys. Check the list, then rotate again",
    );
    errors
}

/// All or none of them.
fn rotate_all(
    tx: &mut Transaction<'_>,
    selected: &[KeyId],
    rotation: &Rotation,
    author: &Author,
) -> Result<Vec<(Details, SecretKey)>> {
    let live = live(tx, selected)?;
    if live.len() > MOST {
        return Err(Error::invalid("", format!("Rotate {MOST} keys or fewer at once")));
    }
    let rotated = live.iter().map(|key| api_keys::rotate(tx, &key.id, rotation, author));
    let rotated = rotated.collect::<Result<Vec<_>>>()?;
    Ok(rotated)
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    form: &RotateForm,
    errors: Invalid,
) -> Result<HttpResponse> {
    let selected = ids(&form.keys)?;
    let is_empty = selected.is_empty();
    let found = site.db.read(move |c| live(c, &selected)).await?;
    if found.is_empty() {
        return nothing(viewer, if is_empty { "Select keys first." } else { NONE });
    }
    let fields = Fields::for_rotation(&viewer.settings, &form.lifetime, &form.expires_on);
    let tile = |overlap: Overlap| Tile {
        slug: overlap.as_str(),
        label: overlap_label(overlap),
        is_chosen: overlap.as_str() == form.overlap,
    };
    page::page(
        status,
        &Rotate {
            viewer,
            behind: Behind::attention(&site.db, viewer).await?,
            named: named(&found),
            selected: Selected::all(&found, viewer.now),
            form: FormView::new(fields, errors, &[], &[], &viewer.settings, viewer.now),
            overlaps: Overlap::ALL.map(tile).into(),
        },
    )
}
