//! `/reviews/{review_id}/keep`: keeps all keys that are in use and have no wide role.

use askama::Template;
use serde::Deserialize;

use super::show::{Board, Items, path, saved_notice};
use super::words::{ended_already, keep_action};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::Permission;
use crate::domain::members::permission::UpdateKeys;
use crate::domain::reviews::{self, Item, ReviewId};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult, Target};
use crate::web::flash::Notice;

/// The note that the form proposes.
const NOTE: &str = "In use, and the role is not wide";

#[derive(Clone, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    note: String,
    /// The keys that the dialog showed.
    keys: Vec<String>,
}

impl Default for Fields {
    fn default() -> Self {
        Self { note: NOTE.into(), keys: Vec::new() }
    }
}

#[derive(Template)]
#[template(path = "reviews/keep.html")]
pub(super) struct Keep {
    frame: Frame<Self>,
    /// `Keep 17 Keys`
    action: String,
    keys: Vec<Item>,
}

impl Target for ReviewId {
    fn parse(parameter: &str, _: &str) -> Option<Self> {
        Self::parse(parameter)
    }
}

impl Dialog for Keep {
    type Gate = Allowed<UpdateKeys>;
    type Target = ReviewId;
    type Fields = Fields;
    type Backdrop = Board;

    fn close(input: &Input<Self>) -> String {
        path(&input.target)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Board> {
        Board::load(connection, &input.viewer, &input.target, &Items::default(), None)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let id = &frame.input.target;
        if !frame.backdrop.review.is_open() {
            return Ok(LoadResult::Redirect(path(id), ended_already()));
        }
        if !frame.input.viewer.may(Permission::ViewKeys) {
            return Ok(LoadResult::Redirect(path(id), Notice::note(Permission::ViewKeys.needed())));
        }
        let keys = reviews::keepable(connection, id, frame.input.viewer.now)?;
        if keys.is_empty() {
            return Ok(LoadResult::Redirect(path(id), none_left()));
        }
        let action = keep_action(keys.len()).unwrap_or_default();
        Ok(LoadResult::Show(Self { frame, action, keys }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let Fields { note, keys } = &input.fields;
        let saved = reviews::keep(tx, &input.target, keys, note, context)?;
        let notice = if saved.count == 0 { none_left() } else { saved_notice(&saved) };
        Ok(SubmitResult::at(path(&input.target), notice))
    }
}

fn none_left() -> Notice {
    Notice::note("No undecided key was used recently and has a role that is not wide.")
}
