//! `/api-keys/bulk/snooze`: hides keys from the list of those that need attention for a while.

use askama::Template;
use serde::Deserialize;

use super::{SELECT_FIRST, Selected, ids, keys, keys_in_query, named, origin};
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::SNOOZED_DAYS;
use crate::domain::attention;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::api_keys::backdrop::Backdrop;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

/// The maximum length of a note, in characters.
const MAX_LENGTH: usize = 500;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::api_keys) struct Fields {
    keys: Vec<String>,
    note: String,
}

#[derive(Template)]
#[template(path = "api_keys/bulk/snooze.html")]
pub(in crate::pages::api_keys) struct Snooze {
    frame: Frame<Self>,
    named: String,
    selected: Vec<Selected>,
    days: i64,
}

impl Dialog for Snooze {
    type Gate = Allowed<UpdateKeys>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Backdrop;

    fn opened(query: &str) -> Fields {
        Fields { keys: keys_in_query(query), ..Fields::default() }
    }

    fn close(input: &Input<Self>) -> String {
        origin(input).href()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &origin(input))
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let found = keys(connection, &frame.input.fields.keys)?;
        if found.is_empty() {
            return Ok(LoadResult::Redirect(Self::close(&frame.input), Notice::note(SELECT_FIRST)));
        }
        let selected = Selected::all(&found, frame.input.viewer.now);
        Ok(LoadResult::Show(Self { frame, named: named(&found), selected, days: SNOOZED_DAYS }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let selected = ids(&input.fields.keys)?;
        let note = text::lines(&input.fields.note, "Note", MAX_LENGTH)
            .map_err(|message| Error::invalid("note", message))?;
        let snoozed = attention::snooze(tx, &selected, &note, context)?;
        let notice = if snoozed.is_empty() {
            Notice::note(SELECT_FIRST)
        } else {
            Notice::done(format!("{} snoozed for {SNOOZED_DAYS} days.", named(&snoozed)))
        };
        Ok(SubmitResult::at(Self::close(input), notice))
    }
}
