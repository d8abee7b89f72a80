//! `/scopes/new`: adds a scope.

use askama::Template;
use serde::Deserialize;

use super::SCOPES;
use super::gains::{GainsView, gained};
use super::table::Table;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::gains::{self, Gains};
use crate::domain::api_keys::holders::CONFIRMED;
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
    /// The keys that gain the scope; `None` if there are none.
    gains: Option<GainsView>,
}

impl New {
    fn is_asking(&self) -> bool {
        self.gains.as_ref().is_some_and(|gains| gains.is_asking)
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    resource: String,
    operation: String,
    description: String,
    /// The fingerprint of the numbers of keys that were shown.
    confirmed: String,
}

impl Dialog for New {
    type Gate = Allowed<ManageRoles>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Table;

    fn close(_: &Input<Self>) -> String {
        format!("{SCOPES}#create")
    }

    fn backdrop(connection: &mut Connection, _: &Input<Self>) -> Result<Table> {
        Table::load(connection, String::new())
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let scopes = scopes::all(connection)?.into_iter().filter(|scope| !scope.built_in);
        let (mut resources, mut operations): (Vec<_>, Vec<_>) =
            scopes.map(|scope| (scope.resource, scope.operation)).unzip();
        for names in [&mut resources, &mut operations] {
            names.sort_unstable();
            names.dedup();
        }
        let is_asking = frame.errors.remove(CONFIRMED);
        let gains = Gains::load(connection, frame.input.viewer.now)?;
        frame.input.fields.confirmed = gains.fingerprint();
        let gains = GainsView::of_any_scope(&gains, is_asking, &frame.input.viewer);
        Ok(LoadResult::Show(Self { frame, resources, operations, gains }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let Fields { resource, operation, description, confirmed } = input.fields.clone();
        let draft = Draft { resource, operation, description };
        let (scope, gains) = gains::add_scope(tx, &draft, &confirmed, context)?;
        let gained = gained(std::slice::from_ref(&scope), &gains);
        let added = Notice::done(format!("{} added.{gained}", scope.name));
        Ok(SubmitResult::at(SCOPES, added).with_fragment(&scope.name))
    }
}
