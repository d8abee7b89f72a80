//! `/webhooks/{webhook_id}/edit`: changes a webhook.

use askama::Template;

use super::details::EndpointPage;
use super::form::Fields;
use super::location;
use crate::base::error::Result;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, EndpointId, Policy};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "webhooks/edit.html")]
pub(super) struct Edit {
    frame: Frame<Self>,
}

impl Dialog for Edit {
    type Gate = Allowed<ManageSettings>;
    type Target = EndpointId;
    type Fields = Fields;
    type Backdrop = EndpointPage;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(input: &Input<Self>) -> String {
        format!("{}#edit", location(&input.target))
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<EndpointPage> {
        EndpointPage::as_backdrop(connection, input)
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let endpoint = webhooks::find(connection, &frame.input.target)?;
        frame.edits(connection, endpoint.id.as_str(), endpoint.version)?;
        if frame.is_opened {
            frame.input.fields = Fields::of(&endpoint);
        }
        Ok(LoadResult::Show(Self { frame }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (id, draft, policy) =
            (&input.target, input.fields.draft(), Policy::from(&**input.site));
        // A missing version counts as an old one.
        let version = input.version().unwrap_or_default();
        let endpoint = webhooks::edit(tx, id, &draft, version, &policy, context)?;
        Ok(SubmitResult::at(
            location(id),
            Notice::done(format!("{} saved.", text::quoted(&endpoint.name()))),
        ))
    }
}
