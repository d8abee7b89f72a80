//! `/webhooks/new`: the dialog that creates a webhook.

use askama::Template;

use super::form::Fields;
use super::secret::{self, ALREADY_SHOWN};
use super::table::Table;
use crate::base::error::Result;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, EndpointId, Policy};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "webhooks/new.html")]
pub(super) struct New {
    frame: Frame<Self>,
}

impl Dialog for New {
    type Gate = Allowed<ManageSettings>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Table;

    const NEEDS_CONFIRMATION: bool = true;

    fn opened(_: &str) -> Fields {
        Fields::proposed()
    }

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn close(_: &Input<Self>) -> String {
        "/webhooks#create".into()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, input.viewer.now)
    }

    fn load(_: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        Ok(LoadResult::Show(Self { frame }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (id, draft, policy) =
            (EndpointId::random()?, input.fields.draft(), Policy::from(&**input.site));
        let created = webhooks::create(tx, id, &draft, &policy, context)?;
        let notice = Notice::done(format!("{} created.", text::quoted(&created.0.name())));
        Ok(secret::reveal(&input.viewer, None, created, notice))
    }
}
