//! `/api-keys/bulk/disable`: disables several keys at once, and revokes them after a while.

use askama::Template;
use serde::Deserialize;

use super::{Selected, keys, keys_in_query, named, nothing, origin};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, Status};
use crate::domain::disabling::{self, Draft, Until};
use crate::domain::members::Permission;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::api_keys::backdrop::Backdrop;
use crate::pages::api_keys::disable::Schedule;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult, Viewer};
use crate::web::flash::Notice;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::api_keys) struct Fields {
    keys: Vec<String>,
    reason: String,
    until: String,
    until_at: String,
    then: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "api_keys/bulk/disable.html")]
pub(in crate::pages::api_keys) struct Disable {
    frame: Frame<Self>,
    named: String,
    selected: Vec<Selected>,
    /// How many of them are in use.
    in_use: usize,
    schedule: Schedule,
}

const NONE: &str = "None of these keys is active.";
/// The choices. Two weeks are enough to notice an application that runs once a week.
const UNTIL: [Until; 4] = [Until::Days14, Until::Days30, Until::Date, Until::Manual];

impl Dialog for Disable {
    type Gate = Allowed<UpdateKeys>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;

    fn opened(query: &str) -> Fields {
        Fields { keys: keys_in_query(query), ..Fields::default() }
    }

    fn close(input: &Input<Self>) -> String {
        origin(input).href()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &origin(input))
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let viewer = frame.input.viewer.clone();
        let texts = &frame.input.fields.keys;
        let found = active(connection, texts, &viewer)?;
        if found.is_empty() {
            let notice = Notice::note(nothing(texts, NONE));
            return Ok(LoadResult::Redirect(Self::close(&frame.input), notice));
        }
        if frame.is_opened {
            propose(&mut frame.input.fields, &found, &viewer);
        }
        let fields = &frame.input.fields;
        Ok(LoadResult::Show(Self {
            named: named(&found),
            selected: Selected::all(&found, viewer.now),
            in_use: found.iter().filter(|key| api_keys::is_in_use(key, viewer.now)).count(),
            schedule: Schedule::new(&fields.until, &fields.then, &UNTIL, found.len(), &viewer),
            frame,
        }))
    }

    /// Disables all of them or none. If keys are in use, their number must be confirmed.
    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let keys = active(tx, &input.fields.keys, &input.viewer)?;
        let in_use = keys.iter().any(|key| api_keys::is_in_use(key, context.now));
        if in_use && input.fields.confirm.trim() != keys.len().to_string() {
            let message = format!("Type {} to confirm how many keys you are disabling", keys.len());
            return Err(Error::invalid("confirm", message));
        }
        for key in &keys {
            let disabled = disabling::disable(tx, &key.id, &draft(input, key), context);
            disabled.map_err(|error| error.about(key.name.as_str()))?;
        }
        let disabled = || Notice::done(format!("{} disabled.", named(&keys)));
        let notice = if keys.is_empty() { Notice::note(NONE) } else { disabled() };
        Ok(SubmitResult::at(Self::close(input), notice))
    }
}

/// Fills in what fits keys that nobody seems to use.
fn propose(fields: &mut Fields, keys: &[ApiKey], viewer: &Viewer) {
    fields.until = Until::Days14.as_str().into();
    if viewer.may(Permission::DeleteKeys) {
        fields.then = "revoke".into();
    }
    if keys.iter().all(|key| disabling::is_unused(key, viewer.now)) {
        fields.reason = "Not used for 90 days".into();
    }
}

fn draft(input: &Input<Disable>, key: &ApiKey) -> Draft {
    let Fields { reason, until, until_at, then, .. } = input.fields.clone();
    let confirm = key.id.last_four().to_owned();
    Draft {
        reason,
        until,
        until_at,
        then,
        confirm,
        may_revoke: input.viewer.may(Permission::DeleteKeys),
    }
}

/// The active keys with the IDs in `texts`, sorted by name.
fn active(connection: &mut Connection, texts: &[String], viewer: &Viewer) -> Result<Vec<ApiKey>> {
    let mut keys = keys(connection, texts)?;
    keys.retain(|key| key.status(viewer.now) == Status::Active);
    Ok(keys)
}
