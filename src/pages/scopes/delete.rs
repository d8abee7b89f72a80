//! `/scopes/{scope}/delete`: the confirmation, or the reason why the scope cannot be removed.

use askama::Template;

use super::table::Table;
use super::{SCOPES, location};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::holders::{self, NAMED, ScopeUse};
use crate::domain::api_keys::{ApiKey, count_text};
use crate::domain::members::Permission;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "scopes/delete.html")]
pub(super) struct Delete {
    frame: Frame<Self>,
    used: ScopeUse,
    /// The keys that may be named.
    keys: Vec<ApiKey>,
    /// Whether there are more keys than are named.
    has_more: bool,
    /// The number of keys that lose the scope, as `3 keys`; empty for none.
    following: String,
    /// `2 revoked keys`; empty for none.
    revoked: String,
}

impl Dialog for Delete {
    type Gate = Allowed<ManageRoles>;
    /// The scope's name.
    type Target = String;
    type Fields = NoFields;
    type Backdrop = Table;

    fn close(input: &Input<Self>) -> String {
        location(&input.target)
    }

    fn backdrop(connection: &mut Connection, _: &Input<Self>) -> Result<Table> {
        Table::load(connection, String::new())
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let Input { viewer, target, .. } = &frame.input;
        let scope = scopes::own(connection, target)?;
        let used = holders::scope_use(connection, &scope)?;
        // Viewers who may not view keys see that there are some, but not their names.
        let named = used.keys.iter().take(NAMED).filter(|_| viewer.may(Permission::ViewKeys));
        let keys = named.cloned().collect();
        let has_more = used.keys.len() > NAMED;
        let following = counted(used.following, "key", "keys");
        let revoked = counted(used.revoked, "revoked key", "revoked keys");
        Ok(LoadResult::Show(Self { frame, used, keys, has_more, following, revoked }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        holders::remove_scope(tx, &input.target, context)?;
        Ok(SubmitResult::at(SCOPES, Notice::done(format!("{} removed.", input.target))))
    }
}

fn counted(count: i64, one: &str, many: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!("1 {one}"),
        count => format!("{} {many}", count_text(count)),
    }
}
