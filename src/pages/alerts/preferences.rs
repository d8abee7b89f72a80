//! `/settings/alerts`: which rules are on, and when email is sent.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::base::error::{Error, Invalid, Result};
use crate::domain::alerts::{self, Preferences, Rule};
use crate::domain::mail;
use crate::domain::members::permission::ManageSettings;
use crate::domain::sign_in::passkeys::Ceremony;
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

const PATH: &str = "/settings/alerts";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    rules: Vec<String>,
    email: String,
}

#[derive(Template)]
#[template(path = "alerts/preferences.html")]
struct Page<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    rules: Vec<Choice>,
    email: String,
    has_mail: bool,
    errors: Invalid,
    /// Present if the form can ask for a passkey of who submits it.
    passkey: Option<Ceremony>,
}

struct Choice {
    name: &'static str,
    label: &'static str,
    description: &'static str,
    is_on: bool,
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, None, Invalid::default()).await
}

pub(super) async fn save(
    viewer: Allowed<ManageSettings>,
    request: HttpRequest,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let fields = form.fields;
    let ask =
        async |status, errors| draw(status, &viewer, &site, Some(fields.clone()), errors).await;
    let asked = viewer.must_confirm(&request, &site, &form.token, form.proof, ask).await?;
    if let Some(response) = asked {
        return Ok(response);
    }
    let (on, email) = (rules(&fields), fields.email.clone());
    let saved = viewer.submit(&site, form.token, PATH, move |tx, context| {
        alerts::set_preferences(tx, &on, &email, context)?;
        Ok(Notice::done("Alert settings saved."))
    });
    match saved.await {
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, Some(fields), errors).await
        }
        answered => answered,
    }
}

fn rules(fields: &Fields) -> Vec<Rule> {
    fields.rules.iter().filter_map(|name| Rule::parse(name)).collect()
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    typed: Option<Fields>,
    errors: Invalid,
) -> Result<HttpResponse> {
    let keyring = site.keyring.clone();
    let found =
        site.db.read(move |c| Ok((alerts::preferences(c)?, mail::server(c, &keyring)?.is_some())));
    let (Preferences { on, email }, has_mail) = found.await?;
    let (on, email) = match &typed {
        Some(fields) => (rules(fields), fields.email.clone()),
        None => (on, email.as_str().to_owned()),
    };
    let choice = |rule: Rule| Choice {
        name: rule.as_str(),
        label: rule.label(),
        description: rule.description(),
        is_on: on.contains(&rule),
    };
    let template = Page {
        viewer,
        notice: if errors.is_empty() { viewer.take_notice() } else { None },
        rules: Rule::ALL.map(choice).into(),
        email,
        has_mail,
        errors,
        passkey: viewer.load_ceremony(site).await?,
    };
    page::page(status, &template)
}
