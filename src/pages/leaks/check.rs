//! `/leaks/new`: checks a text that somebody found. The text is scanned in memory and wiped; the
//! response contains nothing from it (ASVS 14.2.1).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::words::Badge;
use crate::base::clock::{Timestamp, day_and_time};
use crate::base::error::{Invalid, Result};
use crate::base::text::thousands;
use crate::domain::leaks::{self, MAX_SECRETS, ScannedSecret, SecretState};
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::form::{SecretFields, SecretForm};
use crate::web::{Site, page};

/// The maximum length of the text, in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// The maximum size of the form, in bytes: every byte of the text may be percent-encoded.
const MAX_SIZE: usize = 3 * MAX_LENGTH + 1024;

#[derive(Template)]
#[template(path = "leaks/new.html")]
struct Check<'a> {
    viewer: &'a Viewer,
    answer: Option<Answer>,
    errors: Invalid,
}

struct Answer {
    /// How many characters were checked.
    checked: String,
    known: Vec<Known>,
    /// The starts of secret keys that do not exist.
    unknown: Vec<Unknown>,
    has_more: bool,
}

struct Known {
    id: String,
    name: String,
    badge: Badge,
    which: String,
    report: String,
}

struct Unknown {
    start: String,
    is_ours: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    text: Zeroizing<String>,
}

impl SecretFields for Fields {
    const AS_TYPED: &'static [&'static str] = &["text"];
}

pub(super) async fn page(viewer: Allowed<ViewKeys>) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, None, Invalid::default())
}

/// Answers directly. Nothing is written, so the token is not spent.
pub(super) async fn check(
    viewer: Allowed<ViewKeys>,
    form: SecretForm<Fields, MAX_SIZE>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let text = form.fields.text;
    let problem = match text.len() {
        _ if text.trim().is_empty() => Some("Paste the text that was found"),
        length if length > MAX_LENGTH => Some("The text must be 64 KB or less. Check it in parts"),
        _ => None,
    };
    if let Some(message) = problem {
        let mut errors = Invalid::default();
        errors.add("text", message);
        return draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, None, errors);
    }
    let checked = thousands(text.chars().count() as u64);
    let found = leaks::scan(&text);
    drop(text);
    let (now, keyring, has_more) = (viewer.now, site.keyring.clone(), found.has_more);
    let found = site.db.read(move |c| leaks::identify(c, &found.secrets, &keyring, now)).await?;
    let mut answer = Answer { checked, known: Vec::new(), unknown: Vec::new(), has_more };
    for one in found {
        answer.add(one, &viewer);
    }
    draw(StatusCode::OK, &viewer, Some(answer), Invalid::default())
}

impl Answer {
    fn add(&mut self, found: ScannedSecret, viewer: &Viewer) {
        match found {
            ScannedSecret::Known { key, number, state } => {
                let id = key.id.as_str().to_owned();
                self.known.push(Known {
                    name: key.name.as_str().into(),
                    badge: Badge::of_key(&key, viewer.now),
                    which: describe_secret(state, viewer.now),
                    report: format!("/api-keys/{id}/leak?secret={number}"),
                    id,
                });
            }
            ScannedSecret::Unknown(start) => {
                let prefix = start.split('_').next().unwrap_or_default();
                let is_ours = prefix == viewer.settings.secret_prefix;
                self.unknown.push(Unknown { start, is_ours });
            }
        }
    }

    fn is_nothing(&self) -> bool {
        self.known.is_empty() && self.unknown.is_empty()
    }

    fn title(&self) -> String {
        let found = self.known.len() + self.unknown.len();
        match (self.known.len(), found) {
            (_, 0) => "No secret key found".into(),
            (0, _) => "No secret key that exists".into(),
            (1, _) => "1 secret key found".into(),
            (known, _) => format!("{known} secret keys found"),
        }
    }
}

fn describe_secret(state: SecretState, now: Timestamp) -> String {
    match state {
        SecretState::Current => "Its present secret".into(),
        SecretState::Old(end) => {
            format!("Its old secret, which works until {}", day_and_time(end, now))
        }
        SecretState::Superseded => "A secret from before a rotation, which no longer works".into(),
    }
}

fn draw(
    status: StatusCode,
    viewer: &Viewer,
    answer: Option<Answer>,
    errors: Invalid,
) -> Result<HttpResponse> {
    page::page(status, &Check { viewer, answer, errors })
}
