//! `/api-keys/{key_id}/leak`: the dialog that reports a leak and disables the secret key.

use askama::Template;
use serde::Deserialize;

use super::backdrop::Backdrop;
use super::origin::Origin;
use super::revoke::KeyFacts;
use super::rotate::CHANGED;
use super::secret::{self, ALREADY_SHOWN};
use crate::base::clock::{iso_date, long_date};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, KeyId, Status, StoredSecret};
use crate::domain::leaks::{self, Action, Draft, Leak, LeakId, LeakReport};
use crate::domain::members::Permission;
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult, Viewer};
use crate::web::flash::Notice;
use crate::web::query;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    since: String,
    found: String,
    action: String,
    confirm: String,
    secret: String,
}

#[derive(Template)]
#[template(path = "api_keys/leak.html")]
pub(super) struct ReportLeak {
    frame: Frame<Self>,
    key: KeyFacts,
    /// The first and last possible dates of the leak.
    days: [String; 2],
    /// When the secret was created.
    made: String,
    /// Empty if the key is already inactive.
    choices: Vec<Choice>,
    asks_to_confirm: bool,
    /// An open report: its path, and when it was made.
    open: Option<(String, String)>,
}

struct Choice {
    slug: &'static str,
    label: &'static str,
    hint: &'static str,
    is_chosen: bool,
}

/// The parameters in the dialog's URL.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    /// The number of the secret that was found.
    secret: Option<i64>,
}

impl Dialog for ReportLeak {
    type Gate = Allowed<ViewKeys>;
    type Target = KeyId;
    type Fields = Fields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;
    const CHANGED: &'static str = CHANGED;

    fn opened(query: &str) -> Fields {
        let secret = query::read::<Parameters>(query).secret;
        let secret = secret.map(|number| number.to_string()).unwrap_or_default();
        Fields { secret, ..Fields::default() }
    }

    fn already_shown(input: &Input<Self>) -> Option<&'static str> {
        (input.fields.action == Action::Rotate.as_str()).then_some(ALREADY_SHOWN)
    }

    fn backdrop_of_secret(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::table())
    }

    fn close(input: &Input<Self>) -> String {
        Origin::key(input.target).at_opener(&input.target, "report-leak")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::key(input.target))
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (id, viewer) = (frame.input.target, frame.input.viewer.clone());
        let key = api_keys::find(connection, &id)?.ok_or(Error::NotFound)?.key;
        frame.edits(connection, id.as_str(), key.version)?;
        let secrets = api_keys::secrets(connection, &id)?;
        let Fields { secret, action, .. } = &frame.input.fields;
        let secret = secrets.iter().find(|kept| secret.parse() == Ok(kept.number));
        let choices = choices(&viewer, &key, secret, action);
        let stops_key = [Action::Disable, Action::Revoke].map(|action| action.as_str());
        let asks = choices.iter().any(|choice| stops_key.contains(&choice.slug));
        let made = secret.map_or(key.secret_created_at, |secret| secret.created_at);
        let facts = KeyFacts::load(connection, &key, viewer.now)?;
        Ok(LoadResult::Show(Self {
            frame,
            days: [key.created_at, viewer.now].map(|at| iso_date(at.date())),
            made: long_date(made.date()),
            asks_to_confirm: asks && facts.is_in_use,
            choices,
            open: open(&leaks::of_key(connection, &id)?),
            key: facts,
        }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        may(&input.viewer, &input.fields.action)?;
        let id = LeakId::random()?;
        let location = format!("/leaks/{}", id.as_str());
        let reported = leaks::report(tx, id, &input.target, &draft(input), context)?;
        Ok(match reported.rotated {
            Some(rotated) => secret::reveal(input, rotated, "rotated", location.clone(), location),
            None => SubmitResult::at(location, reported_notice(&reported)),
        })
    }
}

fn draft(input: &Input<ReportLeak>) -> Draft {
    let Fields { since, found, action, confirm, secret } = input.fields.clone();
    let (version, issued) = (input.version, input.issued);
    Draft { since, found, action, confirm, secret: secret.parse().ok(), version, issued }
}

/// Anyone who may view keys may report a leak; disabling the key needs the usual permission.
fn may(viewer: &Viewer, action: &str) -> Result<()> {
    let needed = match Action::parse(action) {
        Some(Action::Nothing) => return Ok(()),
        Some(Action::Disable | Action::Rotate | Action::Stop) => Permission::UpdateKeys,
        Some(Action::Revoke) | None => Permission::DeleteKeys,
    };
    if viewer.may(needed) {
        return Ok(());
    }
    Err(needed.missing())
}

fn reported_notice(reported: &LeakReport) -> Notice {
    let name = reported.key.name.as_str();
    Notice::done(match reported.leak.action {
        Action::Rotate => format!("“{name}” rotated, and its leak reported."),
        Action::Disable => format!("“{name}” disabled, and its leak reported."),
        Action::Revoke => format!("“{name}” revoked, and its leak reported."),
        Action::Stop => format!("The old secret of “{name}” stopped, and its leak reported."),
        Action::Nothing => format!("The leak of “{name}” is reported."),
    })
}

/// The open report: its path, and when it was made.
fn open(reports: &[Leak]) -> Option<(String, String)> {
    let leak = reports.iter().find(|leak| leak.closed_at.is_none())?;
    Some((format!("/leaks/{}", leak.id.as_str()), long_date(leak.reported_at.date())))
}

/// The actions that the viewer may take for a leak of `secret`, or of the key's current secret, the
/// best one first. Empty if the key is already inactive.
fn choices(
    viewer: &Viewer,
    key: &ApiKey,
    secret: Option<&StoredSecret>,
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
        (!is_dead && edits, Action::Disable),
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
        Action::Disable => "Disable the key",
        Action::Revoke => "Revoke the key",
        Action::Rotate => "Rotate the key, without an overlap",
        Action::Stop => "Stop the old secret",
        Action::Nothing => "Only report it",
    }
}

const fn hint(action: Action, is_dead: bool) -> &'static str {
    match action {
        Action::Disable => {
            "It passes nothing from now on. You can enable it once its secret is replaced, or revoke it."
        }
        Action::Revoke => {
            "It stops working immediately and permanently. Applications using it will stop working."
        }
        Action::Rotate => {
            "You get a new secret key now, and the old one stops at once. Applications work again with the new one."
        }
        Action::Stop => {
            "The secret from before the rotation stops at once. The current one keeps working."
        }
        Action::Nothing if is_dead => "This secret no longer works. The key works with another.",
        Action::Nothing => "Nothing is turned off. Members who can turn it off are notified.",
    }
}
