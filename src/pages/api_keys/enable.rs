//! `/api-keys/{key_id}/enable`: shows why a key is disabled, and enables it.

use askama::Template;

use super::backdrop::Backdrop;
use super::disabled::DisabledFacts;
use super::origin::{Origin, page_of};
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, KeyId};
use crate::domain::disabling::{self, Obstacle};
use crate::domain::members::Permission;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "api_keys/enable.html")]
pub(super) struct Enable {
    frame: Frame<Self>,
    key_id: String,
    name: String,
    has_expired: bool,
    disabled: Option<DisabledFacts>,
    obstacle: Option<Obstacle>,
}

impl Dialog for Enable {
    type Gate = Allowed<UpdateKeys>;
    type Target = KeyId;
    type Fields = NoFields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;
    const CHANGED: &'static str = "The key was not enabled, because it has changed in the meantime or its leaked secret was not replaced yet";

    fn close(input: &Input<Self>) -> String {
        Origin::of(input).at_opener(&input.target, "enable-key")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::of(input))
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (id, viewer) = (frame.input.target, frame.input.viewer.clone());
        let key = api_keys::find(connection, &id)?.ok_or(Error::NotFound)?.key;
        let name = key.name.as_str().to_owned();
        let disabled = DisabledFacts::load(connection, &key)?;
        if disabled.is_none() && frame.is_opened {
            let notice = Notice::note(format!("“{name}” is not disabled."));
            return Ok(LoadResult::Redirect(page_of(&id), notice));
        }
        frame.edits(connection, id.as_str(), key.version)?;
        let may_revoke = viewer.may(Permission::DeleteKeys);
        let obstacle = disabling::obstacle(connection, &id, may_revoke, viewer.now)?;
        let key_id = id.as_str().to_owned();
        let has_expired = viewer.now >= key.expires_at;
        Ok(LoadResult::Show(Self { frame, key_id, name, has_expired, disabled, obstacle }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let may_revoke = input.viewer.may(Permission::DeleteKeys);
        let key = disabling::enable(tx, &input.target, input.version, may_revoke, context)?;
        let notice = Notice::done(format!("{} enabled.", text::quoted(key.name.as_str())));
        Ok(SubmitResult::at(Origin::of(input).at_row(&input.target), notice))
    }
}
