//! The dialogs that add, change and delete a mapping of a group.

use askama::Template;
use serde::Deserialize;

use super::page::{SettingsPage, addresses};
use super::{PATH, notify};
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::{Permission, RequestedAccess};
use crate::domain::sso::{self, Mapping, MappingDraft, MappingId};
use crate::pages::{AllowedAll, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult};
use crate::web::flash::Notice;

/// The fields of a mapping. A missing field is empty; unknown ones are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    group: String,
    super_manager: String,
    permissions: Vec<String>,
}

impl Fields {
    fn of(mapping: &Mapping) -> Self {
        let is_super_manager = mapping.access.super_manager;
        Self {
            group: mapping.group.clone(),
            super_manager: if is_super_manager { "yes" } else { "" }.into(),
            permissions: mapping.access.held().names().into_iter().map(str::to_owned).collect(),
        }
    }

    fn draft(&self) -> MappingDraft {
        let Self { group, super_manager, permissions } = self.clone();
        MappingDraft { group, requested: RequestedAccess { super_manager, permissions } }
    }

    /// Every permission, and whether it is ticked.
    fn boxes(&self) -> Vec<(Permission, bool)> {
        let is_ticked = |one: &Permission| self.permissions.iter().any(|name| name == one.as_str());
        Permission::ALL.into_iter().map(|one| (one, is_ticked(&one))).collect()
    }
}

#[derive(Template)]
#[template(path = "sso/new.html")]
pub(super) struct New {
    frame: Frame<Self>,
    boxes: Vec<(Permission, bool)>,
}

#[derive(Template)]
#[template(path = "sso/edit.html")]
pub(super) struct Edit {
    frame: Frame<Self>,
    boxes: Vec<(Permission, bool)>,
}

#[derive(Template)]
#[template(path = "sso/delete.html")]
pub(super) struct Delete {
    frame: Frame<Self>,
    group: String,
}

/// The place of the mappings on the page.
fn location() -> String {
    format!("{PATH}#mappings")
}

fn backdrop<D: Dialog>(connection: &mut Connection, input: &Input<D>) -> Result<SettingsPage> {
    SettingsPage::load(connection, &input.site.keyring, addresses(&input.site))
}

fn find(connection: &mut Connection, id: &MappingId) -> Result<Mapping> {
    let all = sso::mappings(connection)?;
    all.into_iter().find(|mapping| mapping.id == *id).ok_or(Error::NotFound)
}

fn save(
    tx: &mut Transaction<'_>,
    id: Option<&MappingId>,
    fields: &Fields,
    context: &Context,
) -> Result<SubmitResult> {
    let notification = sso::save_mapping(tx, id, &fields.draft(), context)?;
    notify(tx, notification.as_ref())?;
    let name = text::quoted(fields.group.trim());
    let saved = format!("{name} saved. It counts from each member’s next sign-in on.");
    Ok(SubmitResult::at(PATH, Notice::done(saved)).with_fragment("mappings"))
}

impl Dialog for New {
    type Gate = AllowedAll;
    type Target = ();
    type Fields = Fields;
    type Backdrop = SettingsPage;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(_: &Input<Self>) -> String {
        location()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<SettingsPage> {
        backdrop(connection, input)
    }

    fn load(_: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let boxes = frame.input.fields.boxes();
        Ok(LoadResult::Show(Self { frame, boxes }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        save(tx, None, &input.fields, context)
    }
}

impl Dialog for Edit {
    type Gate = AllowedAll;
    type Target = MappingId;
    type Fields = Fields;
    type Backdrop = SettingsPage;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(_: &Input<Self>) -> String {
        location()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<SettingsPage> {
        backdrop(connection, input)
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let mapping = find(connection, &frame.input.target)?;
        if frame.is_opened {
            frame.input.fields = Fields::of(&mapping);
        }
        let boxes = frame.input.fields.boxes();
        Ok(LoadResult::Show(Self { frame, boxes }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        save(tx, Some(&input.target), &input.fields, context)
    }
}

impl Dialog for Delete {
    type Gate = AllowedAll;
    type Target = MappingId;
    type Fields = NoFields;
    type Backdrop = SettingsPage;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(_: &Input<Self>) -> String {
        location()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<SettingsPage> {
        backdrop(connection, input)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let group = find(connection, &frame.input.target)?.group;
        Ok(LoadResult::Show(Self { frame, group }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let notification = sso::delete_mapping(tx, &input.target, context)?;
        notify(tx, notification.as_ref())?;
        Ok(SubmitResult::at(PATH, Notice::done("Mapping deleted.")).with_fragment("mappings"))
    }
}
