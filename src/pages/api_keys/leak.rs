//! `/api-keys/{key_id}/leak`: the dialog that reports a leak and turns the secret key off.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::behind::Behind;
use super::rotate::changed;
use super::secret::{ALREADY_SHOWN, SecretPage};
use super::words::{ago, requests};
use crate::base::clock::{Timestamp, iso_date, long_date};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::api_keys::{self, ApiKey, KeptSecret, KeyId, Status};
use crate::domain::leaks::{self, Action, Draft, Leak, LeakId, Reported};
use crate::domain::members::Permission;
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage;
use crate::pages::{Allowed, Reveal, Viewer, write_and_reveal};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LeakForm {
    since: String,
    found: String,
    action: String,
    confirm: String,
    secret: String,
    version: String,
}

#[derive(Template)]
#[template(path = "api_keys/leak.html")]
struct LeakDialog<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    form: &'a LeakForm,
    id: String,
    name: String,
    version: i64,
    last_four: String,
    last_used: Option<String>,
    last_used_address: Option<String>,
    last_day: String,
    /// The days between which the date may lie.
    days: [String; 2],
    /// When the secret was made.
    made: String,
    /// None when the key is turned off already.
    choices: Vec<Choice>,
    asks_to_confirm: bool,
    /// A report that is open: where it is, and when it was made.
    open: Option<(String, String)>,
    errors: Invalid,
}

struct Choice {
    slug: &'static str,
    label: &'static str,
    hint: &'static str,
    is_chosen: bool,
}

/// What the address of the dialog asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The number of the secret that was found.
    secret: Option<i64>,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    key_id: web::Path<String>,
    asked: Query<Asked>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let secret = asked.0.secret.map(|number| number.to_string()).unwrap_or_default();
    let form = LeakForm { secret, ..LeakForm::default() };
    draw(StatusCode::OK, &viewer, &site, &id, &form, Invalid::default()).await
}

pub(super) async fn report(
    viewer: Allowed<ViewKeys>,
    key_id: web::Path<String>,
    form: Form<LeakForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let (token, fields) = (form.token, form.fields);
    let draft = fields.draft(token.issued());
    may(&viewer, &draft)?;
    let leak_id = LeakId::random()?;
    let location = format!("/leaks/{}", leak_id.as_str());
    let done = Done {
        is_rotation: draft.action == Action::Rotate.as_str(),
        secret: SecretPage::load(&viewer, &site, &location).await?,
        location: location.clone(),
    };
    let reported = write_and_reveal(&viewer, &site, done, (token, location), move |tx, author| {
        let reported = leaks::report(tx, leak_id, &id, &draft, author)?;
        let notice = reported_notice(&reported);
        Ok((reported, notice))
    });
    let (status, errors) = match reported.await {
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, changed()),
        result => return result,
    };
    draw(status, &viewer, &site, &id, &fields, errors).await
}

/// What follows a report: the new secret key, or the report's page.
struct Done<'a> {
    is_rotation: bool,
    secret: SecretPage<'a>,
    location: String,
}

impl Reveal for Done<'_> {
    type Made = Reported;

    fn show(&self, reported: &Reported) -> HttpResponse {
        match &reported.rotated {
            Some((details, secret)) => self.secret.draw(details, secret),
            None => page::see_other(&self.location),
        }
    }

    fn already_shown(&self) -> Option<&'static str> {
        self.is_rotation.then_some(ALREADY_SHOWN)
    }
}

impl LeakForm {
    fn draft(&self, issued: Timestamp) -> Draft {
        Draft {
            since: self.since.clone(),
            found: self.found.clone(),
            action: self.action.clone(),
            confirm: self.confirm.clone(),
            secret: self.secret.parse().ok(),
            version: self.version.parse().ok(),
            issued,
        }
    }
}

/// Whoever may view keys may report; turning a key off takes what it takes elsewhere.
fn may(viewer: &Viewer, draft: &Draft) -> Result<()> {
    let needed = match Action::parse(&draft.action) {
        Some(Action::Nothing) => return Ok(()),
        Some(Action::Rotate | Action::Stop) => Permission::UpdateKeys,
        Some(Action::Revoke) | None => Permission::DeleteKeys,
    };
    if viewer.may(needed) {
        return Ok(());
    }
    Err(Error::PermissionMissing(needed.as_str()))
}

fn reported_notice(reported: &Reported) -> Notice {
    let name = reported.key.name.as_str();
    Notice::done(match reported.leak.action {
        Action::Rotate if reported.rotated.is_some() => format!("“{name}” rotated."),
        Action::Rotate => format!("“{name}” rotated, and its leak reported."),
        Action::Revoke => format!("“{name}” revoked, and its leak reported."),
        Action::Stop => format!("The old secret of “{name}” stopped, and its leak reported."),
        Action::Nothing => format!("The leak of “{name}” is reported."),
    })
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    id: &KeyId,
    form: &LeakForm,
    errors: Invalid,
) -> Result<HttpResponse> {
    let (id, now) = (*id, viewer.now);
    let found = site.db.read(move |c| {
        let key = api_keys::find(c, &id)?.ok_or(Error::NotFound)?.key;
        let secrets = api_keys::secrets(c, &id)?;
        Ok((key, secrets, usage::last_day(c, &id, now)?, leaks::of_key(c, &id)?))
    });
    let (key, secrets, last_day, reports) = found.await?;
    let secret = secrets.iter().find(|secret| form.secret.parse() == Ok(secret.number));
    let choices = choices(viewer, &key, secret, &form.action);
    let revokes = choices.iter().any(|choice| choice.slug == Action::Revoke.as_str());
    let made = secret.map_or(key.secret_created_at, |secret| secret.created_at);
    let dialog = LeakDialog {
        viewer,
        behind: Behind::load(&site.db, viewer, "key", &id).await?,
        form,
        id: id.as_str().into(),
        name: key.name.as_str().into(),
        version: key.version,
        last_four: id.last_four().into(),
        last_used: key.last_used_at.map(|at| ago(at, now)),
        last_used_address: key.last_used_address.clone(),
        last_day: requests(last_day),
        days: [key.created_at, now].map(|at| iso_date(at.date())),
        made: long_date(made.date()),
        asks_to_confirm: revokes && api_keys::is_in_use(&key, now),
        choices,
        open: open(&reports),
        errors,
    };
    page::page(status, &dialog)
}

/// The report that is open: where it is, and when it was made.
fn open(reports: &[Leak]) -> Option<(String, String)> {
    let leak = reports.iter().find(|leak| leak.closed_at.is_none())?;
    Some((format!("/leaks/{}", leak.id.as_str()), long_date(leak.reported_at.date())))
}

/// What the viewer may do at once about a leak of `secret`, or of the key's present one; what is
/// best first. Nothing where the key is turned off already.
fn choices(
    viewer: &Viewer,
    key: &ApiKey,
    secret: Option<&KeptSecret>,
    chosen: &str,
) -> Vec<Choice> {
    if key.status(viewer.now) != Status::Active {
        return Vec::new();
    }
    let is_old = secret.is_some_and(|secret| secret.overlaps(viewer.now));
    let is_dead = secret.is_some_and(|secret| secret.ends_at() <= viewer.now);
    let (edits, revokes) = (viewer.may(Permission::UpdateKeys), viewer.may(Permission::DeleteKeys));
    let offered = [
        (is_dead, Action::Nothing),
        (is_old && edits, Action::Stop),
        (revokes, Action::Revoke),
        (edits, Action::Rotate),
        (!is_dead && !edits && !revokes, Action::Nothing),
    ];
    let offered: Vec<Action> = offered
        .into_iter()
        .filter_map(|(is_offered, action)| is_offered.then_some(action))
        .collect();
    let chosen = Action::parse(chosen).filter(|chosen| offered.contains(chosen));
    let chosen = chosen.or(offered.first().copied());
    let choice = |action: &Action| Choice {
        slug: action.as_str(),
        label: label(*action),
        hint: hint(*action, is_dead),
        is_chosen: chosen == Some(*action),
    };
    offered.iter().map(choice).collect()
}

const fn label(action: Action) -> &'static str {
    match action {
        Action::Revoke => "Revoke the key",
        Action::Rotate => "Rotate the key, without an overlap",
        Action::Stop => "Stop the old secret",
        Action::Nothing => "Only report it",
    }
}

const fn hint(action: Action, is_dead: bool) -> &'static str {
    match action {
        Action::Revoke => {
            "It is turned off at once, for good. Applications using it will stop working."
        }
        Action::Rotate => {
            "You get a new secret key now, and the old one stops at once. Applications work again with the new one."
        }
        Action::Stop => {
            "The secret from before the rotation stops at once. The present one goes on."
        }
        Action::Nothing if is_dead => "This secret no longer works. The key goes on with another.",
        Action::Nothing => "Nothing is turned off. Those who may turn it off are told.",
    }
}
