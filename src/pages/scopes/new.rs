//! `/scopes/new`: adds a scope.

use askama::Template;
use serde::Deserialize;

use super::SCOPES;
use super::table::Table;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes::{self, Draft};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "scopes/new.html")]
pub(super) struct New {
    frame: Frame<Self>,
    /// The existing resources and operations, as suggestions.
    resources: Vec<String>,
    operations: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    resource: String,
    operation: String,
    description: String,
}

impl Dialog for New {
    type Gate = Allowed<ManageRoles>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Table;

    fn close(_: &Input<Self>) -> String {
        SCOPES.into()
    }

    fn backdrop(connection: &mut Connection, _: &Input<Self>) -> Result<Table> {
        Table::load(connection, String::new())
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let scopes = scopes::all(connection)?.into_iter().filter(|scope| !scope.built_in);
        let (mut resources, mut operations): (Vec<_>, Vec<_>) =
            scopes.map(|scope| (scope.resource, scope.operation)).unzip();
        for names in [&mut resources, &mut operations] {
            names.sort_unstable();
            names.dedup();
        }
        Ok(LoadResult::Show(Self { frame, resources, operations }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let Fields { resource, operation, description } = input.fields.clone();
        let scope = scopes::create(tx, &Draft { resource, operation, description }, context)?;
        let added = Notice::done(format!("{} added.", scope.name));
        Ok(SubmitResult::at(SCOPES, added).with_fragment(&scope.name))
    }
}
