//! `/api-keys/{key_id}/disable`: the dialog that disables a key for a while.

use askama::Template;
use serde::Deserialize;

use super::backdrop::Backdrop;
use super::origin::{Origin, page_of};
use super::revoke::KeyFacts;
use super::words::moment;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, KeyId, Status};
use crate::domain::disabling::{self, Draft, Until};
use crate::domain::members::Permission;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult, Viewer};
use crate::web::flash::Notice;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    reason: String,
    until: String,
    until_at: String,
    then: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "api_keys/disable.html")]
pub(super) struct Disable {
    frame: Frame<Self>,
    key: KeyFacts,
    schedule: Schedule,
}

/// The choices of when a disabled key is enabled or revoked.
pub(in crate::pages::api_keys) struct Schedule {
    pub untils: Vec<UntilTile>,
    /// The first possible time, for a browser's field.
    pub earliest: String,
    pub is_revoked_then: bool,
    pub may_revoke: bool,
    /// `it` or `them`.
    pub them: &'static str,
}

/// A choice, with the time that it means.
pub(in crate::pages::api_keys) struct UntilTile {
    pub slug: &'static str,
    pub label: &'static str,
    pub at: String,
    pub is_chosen: bool,
}

impl Schedule {
    pub(in crate::pages::api_keys) fn new(
        chosen: &str,
        then: &str,
        offered: &[Until],
        keys: usize,
        viewer: &Viewer,
    ) -> Self {
        let chosen = Until::parse(chosen).filter(|chosen| offered.contains(chosen));
        let chosen = chosen.or(offered.first().copied());
        let tile = |until: &Until| UntilTile {
            slug: until.as_str(),
            label: until.label(),
            at: until.length().map_or(String::new(), |length| moment(viewer.now.plus(length))),
            is_chosen: chosen == Some(*until),
        };
        Self {
            untils: offered.iter().map(tile).collect(),
            earliest: local(viewer.now),
            is_revoked_then: then == "revoke",
            may_revoke: viewer.may(Permission::DeleteKeys),
            them: if keys == 1 { "it" } else { "them" },
        }
    }
}

/// `2026-12-24T18:00`, UTC.
fn local(at: Timestamp) -> String {
    at.rfc_3339().chars().take("2026-12-24T18:00".len()).collect()
}

/// The choices for one key.
const UNTIL: [Until; 6] =
    [Until::Manual, Until::Hour1, Until::Day1, Until::Days7, Until::Days30, Until::Date];

impl Dialog for Disable {
    type Gate = Allowed<UpdateKeys>;
    type Target = KeyId;
    type Fields = Fields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;
    const CHANGED: &'static str = "Someone else has disabled or revoked this key in the meantime";

    fn close(input: &Input<Self>) -> String {
        Origin::of(input).at_opener(&input.target, "disable-key")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::of(input))
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (fields, viewer) = (&frame.input.fields, &frame.input.viewer);
        let key = api_keys::find(connection, &frame.input.target)?.ok_or(Error::NotFound)?.key;
        if let Some(why) = not_active(&key, viewer.now).filter(|_| frame.is_opened) {
            return Ok(LoadResult::Redirect(page_of(&key.id), Notice::note(why)));
        }
        let schedule = Schedule::new(&fields.until, &fields.then, &UNTIL, 1, viewer);
        let key = KeyFacts::load(connection, &key, viewer.now)?;
        Ok(LoadResult::Show(Self { frame, key, schedule }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let key = disabling::disable(tx, &input.target, &draft(input), context)?;
        let notice = Notice::done(format!("{} disabled.", text::quoted(key.name.as_str())));
        Ok(SubmitResult::at(Origin::of(input).at_row(&input.target), notice))
    }
}

fn draft(input: &Input<Disable>) -> Draft {
    let Fields { reason, until, until_at, then, confirm } = input.fields.clone();
    let may_revoke = input.viewer.may(Permission::DeleteKeys);
    Draft { reason, until, until_at, then, confirm, may_revoke }
}

/// Why a key cannot be disabled.
fn not_active(key: &ApiKey, now: Timestamp) -> Option<String> {
    let name = key.name.as_str();
    match key.status(now) {
        Status::Active => None,
        Status::Disabled => Some(format!("“{name}” is already disabled.")),
        Status::Expired => Some(format!("“{name}” has expired. It passes nothing as it is.")),
        Status::Revoked => Some(format!("“{name}” is revoked. It passes nothing as it is.")),
    }
}
