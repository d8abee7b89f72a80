//! `/roles/{slug}/edit`: changes a role, and first shows which scopes keys would lose.

use askama::Template;

use super::fields::Fields;
use super::location;
use super::loss::LossView;
use super::table::Table;
use crate::base::error::Result;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::holders::{self, CONFIRMED};
use crate::domain::members::permission::ManageRoles;
use crate::domain::roles;
use crate::domain::scopes::Matrix;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "roles/edit.html")]
pub(super) struct Edit {
    frame: Frame<Self>,
    matrix: Matrix,
    /// The scopes that keys would lose, to be confirmed.
    loss: Option<LossView>,
}

impl Dialog for Edit {
    type Gate = Allowed<ManageRoles>;
    /// The slug of the role.
    type Target = String;
    type Fields = Fields;
    type Backdrop = Table;

    fn close(input: &Input<Self>) -> String {
        location(&input.target)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer, None)
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let role = roles::own(connection, &frame.input.target)?;
        frame.edits(connection, &role.id, role.version)?;
        if frame.is_opened {
            frame.input.fields = Fields::of(&role);
        }
        let fields = &mut frame.input.fields;
        let loss = frame.errors.remove(CONFIRMED);
        let loss = loss.then(|| holders::loss(connection, &role, &fields.scopes)).transpose()?;
        let loss = loss.map(|loss| LossView::new(&loss, &frame.input.viewer));
        fields.confirmed = loss.as_ref().map(|loss| loss.fingerprint.clone()).unwrap_or_default();
        let matrix = fields.matrix(connection)?;
        Ok(LoadResult::Show(Self { frame, matrix, loss }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (slug, fields, version) = (&input.target, &input.fields, input.version()?);
        let role =
            holders::edit_role(tx, slug, &fields.draft(), version, &fields.confirmed, context)?;
        Ok(SubmitResult::at(
            location(slug),
            Notice::done(format!("{} saved.", text::quoted(&role.name))),
        ))
    }
}
