//! `/members/new`: the dialog that invites a member.

use askama::Template;

use super::form::{Fields, PermissionBox, Preset};
use super::link::{self, ALREADY_SHOWN};
use super::table::Table;
use super::words::moment;
use crate::base::clock::DAY;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::Permissions;
use crate::domain::members::permission::ManageMembers;
use crate::domain::sign_in::invitation;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};

#[derive(Template)]
#[template(path = "members/new.html")]
pub(super) struct Invite {
    frame: Frame<Self>,
    boxes: Vec<PermissionBox>,
    presets: Vec<(Preset, bool)>,
    works_until: String,
}

impl Dialog for Invite {
    type Gate = Allowed<ManageMembers>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Table;

    const NEEDS_CONFIRMATION: bool = true;

    fn opened(_: &str) -> Fields {
        Fields::invitation()
    }

    fn is_preview(fields: &Fields) -> bool {
        !fields.preset.is_empty()
    }

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn close(_: &Input<Self>) -> String {
        "/members#invite".into()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer)
    }

    fn load(_: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        frame.input.fields = frame.input.fields.with_preset();
        let Input { viewer, fields, .. } = &frame.input;
        let held = viewer.member.held();
        Ok(LoadResult::Show(Self {
            boxes: fields.boxes(Permissions::default(), held),
            presets: fields.presets(held),
            works_until: moment(viewer.now.plus(invitation::DAYS * DAY)),
            frame,
        }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let made = invitation::invite(tx, &input.fields.draft(), context)?;
        link::reveal(tx, input, made, "invited", context)
    }
}
