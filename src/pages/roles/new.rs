//! `/roles/new`: creates a role, empty or as a copy.

use askama::Template;
use serde::Deserialize;

use super::fields::Fields;
use super::table::Table;
use super::{ROLES, row};
use crate::base::error::Result;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageRoles;
use crate::domain::roles;
use crate::domain::scopes::Matrix;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;
use crate::web::form;

#[derive(Template)]
#[template(path = "roles/new.html")]
pub(super) struct New {
    frame: Frame<Self>,
    matrix: Matrix,
}

#[derive(Default, Deserialize)]
struct Query {
    /// The slug of the role to copy.
    from: Option<String>,
}

impl Dialog for New {
    type Gate = Allowed<ManageRoles>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Table;

    fn opened(query: &str) -> Fields {
        Fields { like: form::from_query::<Query>(query).from, ..Fields::default() }
    }

    fn close(_: &Input<Self>) -> String {
        format!("{ROLES}#create")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer, None)
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let fields = &mut frame.input.fields;
        if let Some(slug) = fields.like.take()
            && let Some(role) = roles::all(connection)?.iter().find(|role| role.slug == slug)
        {
            *fields = Fields::copied(role);
        }
        let matrix = fields.matrix(connection)?;
        Ok(LoadResult::Show(Self { frame, matrix }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let role = roles::create(tx, &input.fields.draft(), context)?;
        let created = Notice::done(format!("{} created.", text::quoted(&role.name)));
        Ok(SubmitResult::at(ROLES, created).with_fragment(&row(&role.slug)))
    }
}
