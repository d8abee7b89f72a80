//! `/roles/{slug}/delete`: the confirmation, or the reason why the role cannot be deleted.

use askama::Template;

use super::table::{Table, key_count_text};
use super::{ROLES, location};
use crate::base::error::Result;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::holders;
use crate::domain::members::permission::ManageRoles;
use crate::domain::roles::{self, Role};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "roles/delete.html")]
pub(super) struct Delete {
    frame: Frame<Self>,
    role: Role,
    /// `3 keys have`; empty if no keys use the role.
    keys: String,
    /// Whether these keys are revoked.
    are_revoked: bool,
}

impl Dialog for Delete {
    type Gate = Allowed<ManageRoles>;
    /// The slug of the role.
    type Target = String;
    type Fields = NoFields;
    type Backdrop = Table;

    fn close(input: &Input<Self>) -> String {
        location(&input.target)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer, None)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let role = roles::own(connection, &frame.input.target)?;
        let counts = holders::of_roles(connection, std::slice::from_ref(&role))?;
        let keys = counts.get(&role.id).copied().unwrap_or_default();
        let are_revoked = keys.live == 0;
        let keys = match keys.live + keys.revoked {
            0 => String::new(),
            count => key_count_text(count, "has", "have"),
        };
        Ok(LoadResult::Show(Self { frame, role, keys, are_revoked }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let role = holders::delete_role(tx, &input.target, context)?;
        Ok(SubmitResult::at(ROLES, Notice::done(format!("{} deleted.", text::quoted(&role.name)))))
    }
}
