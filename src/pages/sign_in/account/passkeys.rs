//! `/account/two-step/passkeys`: adds, renames and removes the member's own passkeys, and their
//! section of `/account/two-step`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::two_step::{TWO_STEP, draw};
use crate::base::error::{Error, Invalid, Result};
use crate::base::text;
use crate::domain::sign_in::device;
use crate::domain::sign_in::passkeys::{
    self, Answer, Ceremony, MAX_PASSKEYS, Passkey, PasskeyId, RelyingParty,
};
use crate::pages::{NoFields, SignedIn, Visit};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::{Form, SecretFields, SecretForm};
use crate::web::routes::Routes;
use crate::web::time_view::TimeView;

pub(super) fn routes(routes: &mut Routes) {
    routes.post("/account/two-step/passkeys", add);
    routes.post("/account/two-step/passkeys/{passkey_id}/rename", rename);
    routes.post("/account/two-step/passkeys/{passkey_id}/remove", remove);
}

/// What was typed into a form that comes back with errors.
#[derive(Default)]
pub(super) struct Input {
    /// The name for a new passkey, or the new name of `renamed`.
    name: String,
    renamed: Option<PasskeyId>,
}

/// The data of `account/passkeys.html`.
pub(super) struct PasskeySection {
    pub rows: Vec<PasskeyRow>,
    /// Present if a passkey can be added.
    pub ceremony: Option<Ceremony>,
    /// Why none can be added.
    pub why_not: String,
    /// The typed name for a new passkey.
    pub name: String,
    /// The name of a new passkey without one.
    pub usual_name: String,
}

pub(super) struct PasskeyRow {
    pub id: String,
    pub name: String,
    pub backed_up: bool,
    /// The host at which it works, if that is another one.
    pub made_for: String,
    pub added: TimeView,
    pub last_used: Option<TimeView>,
    /// Whether its new name was not accepted.
    pub is_renamed: bool,
    /// The id of the field with its new name.
    pub field: String,
    pub new_name: String,
}

impl PasskeySection {
    pub(super) async fn load(viewer: &Visit, site: &Site, input: Input) -> Result<Self> {
        let relying_party = RelyingParty::of(&site.public_url)?;
        let why_not = match &relying_party {
            Some(_) => format!("You have {MAX_PASSKEYS} passkeys, the maximum. Remove one to add another."),
            None => "Passkeys can be added only where Latchkey is opened over https and at a host name, \
                     not at an IP address."
                .to_owned(),
        };
        let (member, context) = (viewer.member.clone(), viewer.context());
        let token = viewer.form_token.clone();
        let agent = context.origin.user_agent.clone().unwrap_or_default();
        let found = site.db.read(move |c| {
            let listed = passkeys::list(c, &member.id)?;
            let ceremony = relying_party.map_or(Ok(None), |relying_party| {
                passkeys::begin_registration(c, &relying_party, &member, &token, &context)
            });
            Ok((listed, ceremony?))
        });
        let (listed, ceremony) = found.await?;
        let host = site.public_url.host().to_string();
        let row = |passkey| PasskeyRow::new(passkey, &host, &input, viewer);
        let rows = listed.into_iter().map(row).collect();
        let name = if input.renamed.is_some() { "" } else { &input.name };
        let name = text::visible(name, 2 * passkeys::MAX_NAME_LENGTH);
        Ok(Self { rows, ceremony, why_not, name, usual_name: device::words(&agent) })
    }
}

impl PasskeyRow {
    fn new(passkey: Passkey, host: &str, input: &Input, viewer: &Visit) -> Self {
        let id = passkey.id.as_str().to_owned();
        let is_renamed = input.renamed.as_ref() == Some(&passkey.id);
        let made_for = if passkey.host == host { String::new() } else { passkey.host };
        Self {
            field: if is_renamed { "rename".into() } else { format!("name-{id}") },
            new_name: if is_renamed { input.name.clone() } else { passkey.name.clone() },
            name: passkey.name,
            backed_up: passkey.backed_up,
            made_for,
            added: TimeView::date(passkey.created_at),
            last_used: passkey.last_used_at.map(|at| TimeView::ago(at, viewer.now)),
            is_renamed,
            id,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AddForm {
    attestation: String,
    /// The sealed state of the ceremony.
    attestation_state: String,
    name: String,
}

impl SecretFields for AddForm {
    const AS_TYPED: &'static [&'static str] = &["attestation", "attestation_state"];
}

async fn add(
    viewer: SignedIn,
    form: SecretForm<AddForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let AddForm { attestation, attestation_state, name } = form.fields;
    let input = Input { name: name.clone(), renamed: None };
    let Some(relying_party) = RelyingParty::of(&site.public_url)? else {
        let mut errors = Invalid::default();
        errors.add("", "Passkeys cannot be added at this address");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return draw(status, &viewer, &site, input, errors).await;
    };
    let form_token = form.token.as_str().to_owned();
    let answer = Answer { credential: attestation, state: attestation_state, form_token };
    let member = viewer.member.clone();
    let added = viewer.submit(&site, form.token, TWO_STEP, move |tx, context| {
        let name = passkeys::register(tx, &relying_party, &member, &name, &answer, context)?;
        Ok(Notice::done(format!("The passkey {} was added.", text::quoted(&name))))
    });
    or_draw(added.await, &viewer, &site, input).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RenameForm {
    name: String,
}

async fn rename(
    viewer: SignedIn,
    id: web::Path<String>,
    form: Form<RenameForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (id, name) = (PasskeyId::parse(&id), form.fields.name);
    let input =
        Input { name: text::visible(&name, 2 * passkeys::MAX_NAME_LENGTH), renamed: id.clone() };
    let member = viewer.member.clone();
    let renamed = viewer.submit(&site, form.token, TWO_STEP, move |tx, context| {
        let Some(id) = id else { return Ok(unknown()) };
        let renamed = passkeys::rename(tx, &member, &id, &name, context)?;
        Ok(renamed.map_or_else(unknown, |name| {
            Notice::done(format!("The passkey is now named {}.", text::quoted(&name)))
        }))
    });
    or_draw(renamed.await, &viewer, &site, input).await
}

async fn remove(
    viewer: SignedIn,
    id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (id, member) = (PasskeyId::parse(&id), viewer.member.clone());
    let removed = viewer.submit(&site, form.token, TWO_STEP, move |tx, context| {
        let Some(id) = id else { return Ok(unknown()) };
        let removed = passkeys::remove(tx, &member, &id, context)?;
        Ok(removed.map_or_else(unknown, |name| {
            let name = text::quoted(&name);
            Notice::done(format!("The passkey {name} was removed. It no longer signs you in."))
        }))
    });
    removed.await
}

fn unknown() -> Notice {
    Notice::note("You have no such passkey. It may have been removed already.")
}

/// The response, or the page with the errors in its forms.
async fn or_draw(
    response: Result<HttpResponse>,
    viewer: &Visit,
    site: &Site,
    input: Input,
) -> Result<HttpResponse> {
    match response {
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, viewer, site, input, errors).await
        }
        response => response,
    }
}
