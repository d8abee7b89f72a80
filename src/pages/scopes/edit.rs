//! `/scopes/{scope}/edit`: changes a scope's description.

use askama::Template;
use serde::Deserialize;

use super::location;
use super::table::Table;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "scopes/edit.html")]
pub(super) struct Edit {
    frame: Frame<Self>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    description: String,
}

impl Dialog for Edit {
    type Gate = Allowed<ManageRoles>;
    /// The scope's name.
    type Target = String;
    type Fields = Fields;
    type Backdrop = Table;

    fn close(input: &Input<Self>) -> String {
        location(&input.target)
    }

    fn backdrop(connection: &mut Connection, _: &Input<Self>) -> Result<Table> {
        Table::load(connection, String::new())
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let scope = scopes::own(connection, &frame.input.target)?;
        frame.edits(connection, &scope.name, scope.version)?;
        if frame.is_opened {
            frame.input.fields.description = scope.description;
        }
        Ok(LoadResult::Show(Self { frame }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (name, description) = (&input.target, &input.fields.description);
        scopes::describe(tx, name, description, input.version()?, context)?;
        Ok(SubmitResult::at(location(name), Notice::done(format!("{name} saved."))))
    }
}
