//! `/api-keys/{key_id}/stop-old-secret`: ends an overlap early, and shows whether this is safe.

use askama::Template;

use super::backdrop::Backdrop;
use super::origin::{Origin, page_of};
use super::overlap::Overlapping;
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, KeyId};
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "api_keys/stop_old_secret.html")]
pub(super) struct Stop {
    frame: Frame<Self>,
    name: String,
    overlap: Overlapping,
}

const NOTHING: &str = "This key has no old secret that still works.";

impl Dialog for Stop {
    type Gate = Allowed<UpdateKeys>;
    type Target = KeyId;
    type Fields = NoFields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(input: &Input<Self>) -> String {
        origin(input).at_opener(&input.target, "stop-old-secret")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &origin(input))
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let key = api_keys::find(connection, &frame.input.target)?.ok_or(Error::NotFound)?.key;
        let overlap = Overlapping::read(connection, &key, frame.input.viewer.now)?;
        Ok(match overlap {
            Some(overlap) => {
                LoadResult::Show(Self { frame, name: key.name.as_str().into(), overlap })
            }
            None => LoadResult::Redirect(page_of(&key.id), Notice::note(NOTHING)),
        })
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (key, was_there) = api_keys::stop_old_secret(tx, &input.target, context)?;
        let stopped =
            format!("The old secret of {} stopped working.", text::quoted(key.name.as_str()));
        let notice = if was_there { Notice::done(stopped) } else { Notice::note(NOTHING) };
        Ok(SubmitResult::at(origin(input).at_row(&key.id), notice))
    }
}

/// The page that the dialog was opened from: without one, the key's page, which links to it.
fn origin(input: &Input<Stop>) -> Origin {
    Origin::read(&input.return_to).unwrap_or_else(|| Origin::key(input.target))
}
