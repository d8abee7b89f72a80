//! `/members/{member_id}/edit`: changes a member's permissions.

use askama::Template;

use super::form::{Fields, PermissionBox, Preset};
use super::row;
use super::table::Table;
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageMembers;
use crate::domain::members::{self, Member, MemberId};
use crate::domain::sign_in::access::{self, EditResult};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "members/edit.html")]
pub(super) struct Edit {
    frame: Frame<Self>,
    member: Member,
    boxes: Vec<PermissionBox>,
    presets: Vec<(Preset, bool)>,
    /// Whether the viewer may be shown a link that sets the member's password.
    may_reset: bool,
}

impl Dialog for Edit {
    type Gate = Allowed<ManageMembers>;
    type Target = MemberId;
    type Fields = Fields;
    type Backdrop = Table;

    const NEEDS_CONFIRMATION: bool = true;

    fn is_preview(fields: &Fields) -> bool {
        !fields.preset.is_empty()
    }

    fn close(input: &Input<Self>) -> String {
        row(&input.target)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer)
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let member = members::find(connection, &frame.input.target)?.ok_or(Error::NotFound)?;
        frame.edits(connection, member.id.as_str(), member.version)?;
        if frame.is_opened {
            frame.input.fields = Fields::of(&member);
        }
        frame.input.fields = frame.input.fields.with_preset();
        let Input { viewer, fields, .. } = &frame.input;
        let (has, held) = (member.held(), viewer.member.held());
        let is_beyond = !has.without(held).is_empty();
        let may_reset = member.is_active() && member.id != viewer.member.id && !is_beyond;
        let (boxes, presets) = (fields.boxes(has, held), fields.presets(held));
        Ok(LoadResult::Show(Self { frame, member, boxes, presets, may_reset }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (id, requested, version) = (&input.target, input.fields.requested(), input.version()?);
        let EditResult { member, link_stopped } =
            access::edit(tx, id, &requested, version, context)?;
        let saved = format!("{} saved.", text::quoted(member.name.as_str()));
        let notice = if link_stopped {
            let lost = "The link that was handed out no longer works: make a new one.";
            Notice::warning(format!("{saved} {lost}"))
        } else {
            Notice::done(saved)
        };
        Ok(SubmitResult::at(row(id), notice))
    }
}
