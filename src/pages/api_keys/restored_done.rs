//! `/attention/restored/done`: closes the check of the keys after a restore.

use askama::Template;

use super::backdrop::Backdrop;
use super::origin::Origin;
use super::restored::PATH;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::backups;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;
use crate::web::list::ListQuery;

#[derive(Template)]
#[template(path = "api_keys/restored/done.html")]
pub(super) struct Done {
    frame: Frame<Self>,
}

const NOTHING: &str = "There is no restore to check.";

impl Dialog for Done {
    type Gate = Allowed<UpdateKeys>;
    type Target = ();
    type Fields = NoFields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(_: &Input<Self>) -> String {
        format!("{PATH}#done")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::Restored(ListQuery::default()))
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        Ok(match backups::open_restore(connection)? {
            Some(_) => LoadResult::Show(Self { frame }),
            None => LoadResult::Redirect(PATH.into(), Notice::note(NOTHING)),
        })
    }

    fn submit(
        tx: &mut Transaction<'_>,
        _: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        if backups::open_restore(tx)?.is_none() {
            return Ok(SubmitResult::at(PATH, Notice::note(NOTHING)));
        }
        backups::close_restore(tx, context)?;
        Ok(SubmitResult::at("/attention", Notice::done("The check after the restore is done.")))
    }
}
