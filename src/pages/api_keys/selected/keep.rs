//! `/api-keys/selected/keep`: marks keys that need attention as reviewed, without changing them.

use askama::Template;
use serde::Deserialize;

use super::{LIST, SELECT_FIRST, Selected, ids, keys, keys_in_query, named};
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
#[template(path = "api_keys/selected/keep.html")]
pub(in crate::pages::api_keys) struct Keep {
    frame: Frame<Self>,
    named: String,
    selected: Vec<Selected>,
    days: i64,
}

impl Dialog for Keep {
    type Gate = Allowed<UpdateKeys>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Backdrop;

    fn opened(query: &str) -> Fields {
        Fields { keys: keys_in_query(query), ..Fields::default() }
    }

    fn close(_: &Input<Self>) -> String {
        LIST.into()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::attention(connection, &input.viewer)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let found = keys(connection, &frame.input.fields.keys)?;
        if found.is_empty() {
            return Ok(LoadResult::Redirect(LIST.into(), Notice::note(SELECT_FIRST)));
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
        let kept = attention::keep(tx, &selected, &note, context)?;
        let what = if kept.len() == 1 { "stays as it is" } else { "stay as they are" };
        Ok(SubmitResult::at(
            LIST,
            match &kept[..] {
                [] => Notice::note("No key was selected."),
                kept => Notice::done(format!("{} {what}.", named(kept))),
            },
        ))
    }
}
