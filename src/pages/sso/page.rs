//! `/settings/sso`: the page, and the form of the provider.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::fields::Fields;
use super::{PATH, notify};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Invalid, Result};
use crate::base::keyring::Keyring;
use crate::base::outgoing::Policy;
use crate::db::Connection;
use crate::domain::members::ways_in;
use crate::domain::sign_in::passkeys::Ceremony;
use crate::domain::sign_in::sessions;
use crate::domain::sso::{self, Draft, Mapping};
use crate::pages::sign_in::sso::{logout_uri, redirect_uri};
use crate::pages::{AllowedAll, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::SecretForm;
use crate::web::{Site, page};

const CONFLICT: &str = "Someone else changed single sign-on. Check the values, then save again";

#[derive(Template)]
#[template(path = "sso/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    page: SettingsPage,
}

/// The data of the page, on its own and behind a dialog.
pub(super) struct SettingsPage {
    pub notice: Option<Notice>,
    pub form: Draft,
    pub errors: Invalid,
    /// Present if the form can ask for a passkey of who submits it.
    pub passkey: Option<Ceremony>,
    /// The version of the provider; 0 without one.
    pub version: i64,
    pub mappings: Vec<MappingRow>,
    pub candidates: Vec<Candidate>,
    /// Where the provider sends browsers and logout tokens.
    pub addresses: [String; 2],
}

/// A mapping in the table.
pub(super) struct MappingRow {
    pub id: String,
    pub group: String,
    pub role: &'static str,
    pub permissions: Vec<&'static str>,
}

/// Somebody who is or could be a break-glass member.
pub(super) struct Candidate {
    pub id: String,
    pub name: String,
    pub email: String,
    pub is_chosen: bool,
}

impl SettingsPage {
    pub(super) fn load(
        connection: &mut Connection,
        keyring: &Keyring,
        addresses: [String; 2],
    ) -> Result<Self> {
        let provider = sso::provider(connection, keyring)?;
        let chosen = ways_in::break_glass(connection)?;
        let mut people = ways_in::possible_break_glass(connection)?;
        people
            .extend(chosen.iter().filter(|one| !people.contains(one)).cloned().collect::<Vec<_>>());
        let candidates = people.iter().map(|member| Candidate {
            id: member.id.as_str().to_owned(),
            name: member.name.as_str().to_owned(),
            email: member.email.as_str().to_owned(),
            is_chosen: chosen.contains(member),
        });
        Ok(Self {
            notice: None,
            version: provider.as_ref().map_or(0, |provider| provider.version),
            form: Draft::of(provider.as_ref()),
            errors: Invalid::default(),
            passkey: None,
            mappings: sso::mappings(connection)?.iter().map(row).collect(),
            candidates: candidates.collect(),
            addresses,
        })
    }

    pub(super) fn is_on(&self) -> bool {
        self.version > 0
    }
}

fn row(mapping: &Mapping) -> MappingRow {
    MappingRow {
        id: mapping.id.as_str().to_owned(),
        group: mapping.group.clone(),
        role: mapping.access.role(),
        permissions: mapping.access.held().names(),
    }
}

/// The addresses to enter at the provider.
pub(super) fn addresses(site: &Site) -> [String; 2] {
    [redirect_uri(site), logout_uri(site)]
}

pub(super) async fn page(viewer: AllowedAll, site: web::Data<Site>) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, None, Invalid::default()).await
}

pub(super) async fn save(
    viewer: AllowedAll,
    request: HttpRequest,
    form: SecretForm<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let ask = async |status, errors| {
        draw(status, &viewer, &site, Some(form.fields.draft()), errors).await
    };
    let asked = viewer.must_confirm(&request, &site, &form.token, form.proof, ask).await?;
    if let Some(response) = asked {
        return Ok(response);
    }
    let (draft, policy) = (form.fields.draft(), Policy::from(&**site));
    let version = form.fields.version.parse().unwrap_or_default();
    let signed_in_at = provider_sign_in_at(&viewer);
    let saved = viewer.submit(&site, form.token, PATH, move |tx, context| {
        let notification = sso::change(tx, &draft, version, signed_in_at, &policy, context)?;
        notify(tx, notification.as_ref())?;
        Ok(Notice::done("Single sign-on saved."))
    });
    let (status, errors) = match saved.await {
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => {
            let mut errors = Invalid::default();
            errors.add("", CONFLICT);
            (StatusCode::CONFLICT, errors)
        }
        response => return response,
    };
    draw(status, &viewer, &site, Some(form.fields.draft()), errors).await
}

/// When the viewer signed in at the provider, if their session began there.
fn provider_sign_in_at(viewer: &Visit) -> Option<Timestamp> {
    let at: Option<i64> = viewer.session().get(sessions::PROVIDER_SIGN_IN_AT).ok().flatten();
    at.map(Timestamp::from_millis)
}

/// The page, with `draft` in its form if one was submitted.
pub(super) async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    draft: Option<Draft>,
    errors: Invalid,
) -> Result<HttpResponse> {
    let (keyring, addresses) = (site.keyring.clone(), addresses(site));
    let loaded = site.db.read(move |c| SettingsPage::load(c, &keyring, addresses));
    let mut page = loaded.await?;
    page.notice = if errors.is_empty() { viewer.take_notice() } else { None };
    page.form = draft.unwrap_or(page.form);
    page.errors = errors;
    page.passkey = viewer.load_ceremony(site).await?;
    page::page(status, &Index { viewer, page })
}
