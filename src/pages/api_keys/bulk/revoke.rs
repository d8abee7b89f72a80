//! `/api-keys/bulk/revoke`: the confirmation, and the revocation of several keys.

use askama::Template;
use serde::Deserialize;

use super::{Selected, keys_in_query, live, named, nothing, origin};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys;
use crate::domain::members::permission::DeleteKeys;
use crate::pages::api_keys::backdrop::Backdrop;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::api_keys) struct Fields {
    keys: Vec<String>,
    confirm: String,
}

#[derive(Template)]
#[template(path = "api_keys/bulk/revoke.html")]
pub(in crate::pages::api_keys) struct Revoke {
    frame: Frame<Self>,
    named: String,
    selected: Vec<Selected>,
    /// How many of them are in use.
    in_use: usize,
}

const NONE: &str = "None of these keys still works.";

impl Dialog for Revoke {
    type Gate = Allowed<DeleteKeys>;
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

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (keys, now) = (&frame.input.fields.keys, frame.input.viewer.now);
        let found = live(connection, keys)?;
        if found.is_empty() {
            return Ok(LoadResult::Redirect(
                Self::close(&frame.input),
                Notice::note(nothing(keys, NONE)),
            ));
        }
        Ok(LoadResult::Show(Self {
            named: named(&found),
            selected: Selected::all(&found, now),
            in_use: found.iter().filter(|key| api_keys::is_in_use(key, now)).count(),
            frame,
        }))
    }

    /// Revokes all of them or none. If keys are in use, the number of keys to revoke must be
    /// confirmed.
    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let live = live(tx, &input.fields.keys)?;
        let in_use = live.iter().any(|key| api_keys::is_in_use(key, context.now));
        if in_use && input.fields.confirm.trim() != live.len().to_string() {
            let message = format!("Type {} to confirm how many keys you are revoking", live.len());
            return Err(Error::invalid("confirm", message));
        }
        for key in &live {
            api_keys::revoke(tx, &key.id, key.id.last_four(), context)?;
        }
        let revoked = || Notice::done(format!("{} revoked.", named(&live)));
        Ok(SubmitResult::at(
            Self::close(input),
            if live.is_empty() { Notice::note(NONE) } else { revoked() },
        ))
    }
}
