//! `/webhooks/{webhook_id}/delete`: the confirmation.

use askama::Template;

use super::details::EndpointPage;
use super::location;
use crate::base::error::Result;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, EndpointId};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "webhooks/delete.html")]
pub(super) struct Delete {
    frame: Frame<Self>,
}

impl Dialog for Delete {
    type Gate = Allowed<ManageSettings>;
    type Target = EndpointId;
    type Fields = NoFields;
    type Backdrop = EndpointPage;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(input: &Input<Self>) -> String {
        format!("{}#delete", location(&input.target))
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<EndpointPage> {
        EndpointPage::as_backdrop(connection, input)
    }

    fn load(_: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        Ok(LoadResult::Show(Self { frame }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let endpoint = webhooks::delete(tx, &input.target, context)?;
        Ok(SubmitResult::at(
            "/webhooks",
            Notice::done(format!("{} deleted.", text::quoted(&endpoint.name()))),
        ))
    }
}
