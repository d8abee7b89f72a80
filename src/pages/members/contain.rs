//! `/members/{member_id}/contain`: contains a member who may be compromised.

use askama::Template;

use super::row;
use super::table::Table;
use super::words::{describe_state, done};
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::containment::{self, Forecast};
use crate::domain::members::permission::ManageMembers;
use crate::domain::members::{self, Member, MemberId, Permission};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "members/contain.html")]
pub(super) struct Contain {
    frame: Frame<Self>,
    member: Member,
    forecast: Forecast,
}

impl Contain {
    fn title(&self) -> String {
        format!("Contain {}?", text::quoted(self.member.name.as_str()))
    }

    fn may_view_keys(&self) -> bool {
        self.frame.input.viewer.may(Permission::ViewKeys)
    }
}

impl Dialog for Contain {
    type Gate = Allowed<ManageMembers>;
    type Target = MemberId;
    type Fields = NoFields;
    type Backdrop = Table;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(input: &Input<Self>) -> String {
        row(&input.target)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (id, now) = (&frame.input.target, frame.input.viewer.now);
        let member = members::find(connection, id)?.ok_or(Error::NotFound)?;
        if !member.is_active() {
            return Ok(LoadResult::Redirect(row(id), Notice::note(describe_state(&member))));
        }
        let forecast = containment::forecast(connection, id, now)?;
        Ok(LoadResult::Show(Self { frame, member, forecast }))
    }

    /// Leads to the keys to check, or for a viewer who may not view keys to the member's row.
    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let id = &input.target;
        let (member, _) = containment::contain(tx, id, context)?;
        let notice = done(&member, "contained: they are signed out and disabled");
        if input.viewer.may(Permission::ViewKeys) {
            return Ok(SubmitResult::at(format!("/members/{}/keys", id.as_str()), notice));
        }
        Ok(SubmitResult::at("/members", notice).with_fragment(id.as_str()))
    }
}
