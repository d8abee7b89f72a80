//! The page: ids may be in its URL, so that links are possible; a secret key is accepted only in a
//! form's body, and is wiped after the check (ASVS 14.2.1).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::answer::{self, Answer};
use super::words::Facts;
use crate::base::error::{Invalid, Result};
use crate::domain::api_keys::{KeyId, SecretKey, flaw};
use crate::domain::diagnosis::{self, Question};
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::form::{SecretFields, SecretForm};
use crate::web::query::Query;
use crate::web::{Site, page};

/// The maximum size of the form, in bytes: a secret key has 63, and may be part of other text.
pub(super) const MAX_SIZE: usize = 8 * 1024;

#[derive(Template)]
#[template(path = "diagnosis/page.html")]
struct Page<'a> {
    viewer: &'a Viewer,
    /// The id in the question; never a secret key.
    asked: &'a str,
    answer: Option<Answer>,
    errors: Invalid,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub question: Zeroizing<String>,
}

impl SecretFields for Fields {
    const AS_TYPED: &'static [&'static str] = &["question"];
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    #[serde(rename = "q")]
    asked: String,
}

/// Answers the question in the URL. Text that is not an id is not looked up.
pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    query: Query<Parameters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let asked = query.0.asked;
    let now = viewer.now;
    let facts = Facts::new(&viewer);
    let (asked, answer) = match Question::read(&asked) {
        Question::Nothing => (String::new(), None),
        Question::Other => (String::new(), Some(answer::no_id(&asked))),
        Question::Request(id) => {
            let wanted = id.clone();
            let found = site.db.read(move |c| diagnosis::diagnose_request(c, &wanted, now)).await?;
            (id, Some(answer::of_request(found.as_ref(), &facts)))
        }
        Question::Key(id) => {
            let found = match KeyId::parse(&id) {
                Some(id) => site.db.read(move |c| diagnosis::diagnose_key(c, &id, now)).await?,
                None => None,
            };
            (id, Some(answer::of_key(found.as_ref(), &facts)))
        }
    };
    draw(StatusCode::OK, &viewer, &asked, answer, Invalid::default())
}

/// Answers the question in the form: for an id, redirects to its URL; for a secret key, answers
/// directly. Nothing is written, so the token is not spent.
pub(super) async fn ask(
    viewer: Allowed<ViewKeys>,
    form: SecretForm<Fields, MAX_SIZE>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let question = form.fields.question;
    match Question::read(&question) {
        Question::Request(id) | Question::Key(id) => {
            Ok(page::see_other(&format!("/diagnosis?q={id}")))
        }
        Question::Nothing => {
            let mut errors = Invalid::default();
            errors.add("question", "Enter a request id, a Key ID or a secret key");
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, "", None, errors)
        }
        Question::Other => answer_secret(&viewer, &site, question).await,
    }
}

/// Answers for text that is, or should be, a secret key.
pub(super) async fn answer_secret(
    viewer: &Viewer,
    site: &Site,
    question: Zeroizing<String>,
) -> Result<HttpResponse> {
    let found = flaw::find(&question, Some(&viewer.settings.secret_prefix));
    let (flaw, secret) = match found {
        Some(found) => (Some((found.flaw, found.characters)), found.rest),
        None => (None, SecretKey::parse(&question)),
    };
    drop(question);
    let answer = of_secret(viewer, site, secret).await?;
    let answer = match flaw {
        Some((flaw, characters)) => Some(answer::of_flaw(flaw, characters, answer)),
        None => answer,
    };
    draw(StatusCode::OK, viewer, "", answer, Invalid::default())
}

/// The answer about a well-formed secret key, which is wiped afterwards.
async fn of_secret(
    viewer: &Viewer,
    site: &Site,
    secret: Option<SecretKey>,
) -> Result<Option<Answer>> {
    let Some(secret) = secret else { return Ok(None) };
    let (now, keyring, start) = (viewer.now, site.keyring.clone(), secret.start().to_owned());
    let found =
        site.db.read(move |c| diagnosis::diagnose_secret(c, &secret, &keyring, now)).await?;
    Ok(Some(answer::of_secret(found.as_ref(), &start, &Facts::new(viewer))))
}

fn draw(
    status: StatusCode,
    viewer: &Viewer,
    asked: &str,
    answer: Option<Answer>,
    errors: Invalid,
) -> Result<HttpResponse> {
    page::page(status, &Page { viewer, asked, answer, errors })
}
