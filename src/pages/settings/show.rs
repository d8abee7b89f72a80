//! `/settings`: the organisation's settings.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::fields::MailFields;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::activity::{self, ConcurrentChanges};
use crate::domain::members::permission::ManageSettings;
use crate::domain::members::{Permissions, mail_server};
use crate::domain::settings::{self, Draft};
use crate::domain::sign_in::passkeys::Ceremony;
use crate::domain::sign_in::two_step;
use crate::domain::{api_keys, mail};
use crate::pages::{Allowed, Viewer, Visit, either};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "settings/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    state: State,
    /// `38 keys are active.`
    active: String,
    has_mail: bool,
    /// The people who may change the mail server, for a viewer who may not.
    changers: Option<String>,
    /// Present if the forms can ask for a passkey of who submits them.
    passkey: Option<Ceremony>,
}

/// The values of the two forms, and their errors.
#[derive(Default)]
pub(super) struct State {
    pub draft: Option<Draft>,
    /// The version that the draft started from, if it is not the current one.
    pub version: Option<i64>,
    pub errors: Invalid,
    pub conflict: Option<ConcurrentChanges>,
    pub mail: Option<MailFields>,
    pub mail_errors: Invalid,
    /// Whether the form has proved who submitted it.
    pub is_confirmed: bool,
}

impl State {
    fn is_rejected(&self) -> bool {
        self.conflict.is_some() || !self.errors.is_empty() || !self.mail_errors.is_empty()
    }

    fn form(&self) -> Draft {
        self.draft.clone().unwrap_or_default()
    }

    fn mail(&self) -> MailFields {
        self.mail.clone().unwrap_or_default()
    }
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, State::default()).await
}

pub(super) async fn save(
    viewer: Allowed<ManageSettings>,
    request: HttpRequest,
    form: Form<Draft>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    // A missing version counts as an old one.
    let (draft, version) = (form.fields.clone(), form.version.unwrap_or_default());
    let ask = async |status, errors| {
        let (draft, version) = (Some(form.fields.clone()), Some(version));
        draw(status, &viewer, &site, State { draft, version, errors, ..State::default() }).await
    };
    let asked = viewer.must_confirm(&request, &site, &form.token, form.proof, ask).await?;
    if let Some(response) = asked {
        return Ok(response);
    }
    let saved = viewer.submit(&site, form.token, "/settings", move |tx, context| {
        two_step::change_settings(tx, &draft, version, context)?;
        Ok(Notice::done("Settings saved."))
    });
    let (status, errors) = match saved.await {
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, Invalid::default()),
        response => return response,
    };
    let is_confirmed = viewer.settings.confirm_minutes > 0;
    let (draft, version_sent) = (Some(form.fields), Some(version));
    let state = State { draft, version: version_sent, errors, is_confirmed, ..State::default() };
    let state = if status == StatusCode::CONFLICT {
        after_conflict(&site, state, version).await?
    } else {
        state
    };
    draw(status, &viewer, &site, state).await
}

/// The submitted values together with the changes of others; a second save then overwrites these.
async fn after_conflict(site: &Site, mut state: State, version: i64) -> Result<State> {
    let id = settings::subject().id;
    let changes = site.db.read(move |c| {
        let current = settings::get(c)?.version;
        Ok((activity::since(c, &id, version)?, current))
    });
    let (changes, current) = changes.await?;
    state.version = Some(current);
    state.conflict = Some(changes);
    Ok(state)
}

pub(super) async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    mut state: State,
) -> Result<HttpResponse> {
    let (now, keyring) = (viewer.now, site.keyring.clone());
    let may_change_mail = viewer.member.held() == Permissions::all();
    let found = site.db.read(move |c| {
        let active = api_keys::count_active(c, now)?;
        let changers = if may_change_mail { None } else { Some(mail_server::changers(c)?) };
        Ok((settings::get(c)?, mail::server(c, &keyring)?, active, changers))
    });
    let (settings, server, active, changers) = found.await?;
    state.draft.get_or_insert_with(|| Draft::of(&settings));
    state.version.get_or_insert(settings.version);
    state.mail.get_or_insert_with(|| MailFields::of(server.as_ref()));
    let template = Show {
        viewer,
        notice: if state.is_rejected() { None } else { viewer.take_notice() },
        state,
        active: match active {
            1 => "1 key is active.".into(),
            active => format!("{} keys are active.", api_keys::count_text(active)),
        },
        has_mail: server.is_some(),
        changers: changers.map(|names| words(&names)),
        passkey: viewer.load_ceremony(site).await?,
    };
    page::page(status, &template)
}

/// The people who may change the mail server, as a sentence.
fn words(changers: &[String]) -> String {
    let names = if changers.is_empty() { String::new() } else { format!(": {}", either(changers)) };
    format!(
        "Only a super manager with every permission can change the mail server{names}. It can also \
         be changed on the server’s own machine with latchkey mail set."
    )
}
