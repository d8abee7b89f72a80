//! `/reviews/{review_id}/finish` and `/cancel`: dialogs that explain the action and ask for
//! confirmation.

use askama::Template;

use super::show::{Board, Items, path};
use super::words::{count, ended_already};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::count_text;
use crate::domain::members::permission::UpdateKeys;
use crate::domain::reviews::{self, Progress, ReviewId};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult, Target};
use crate::web::flash::Notice;

/// A way to end a review, and the text of its confirmation.
pub(super) struct EndAction {
    path: &'static str,
    title: &'static str,
    button: &'static str,
    /// Whether the review ends without being finished.
    gives_up: bool,
}

static FINISH: EndAction = EndAction {
    path: "finish",
    title: "Finish the Review?",
    button: "Finish Review",
    gives_up: false,
};
static CANCEL: EndAction = EndAction {
    path: "cancel",
    title: "Cancel the Review?",
    button: "Cancel Review",
    gives_up: true,
};
const CANCELLED: &str = "It ends without having been finished, and does not count as done. What was decided stays on record.";

#[derive(Template)]
#[template(path = "reviews/end.html")]
pub(super) struct End {
    frame: Frame<Self>,
    action: &'static EndAction,
    text: String,
}

/// The path contains the review and ends in the action.
impl Target for (ReviewId, &'static EndAction) {
    fn parse(parameter: &str, path: &str) -> Option<Self> {
        let action = [&FINISH, &CANCEL].into_iter().find(|action| path.ends_with(action.path))?;
        Some((ReviewId::parse(parameter)?, action))
    }
}

impl Dialog for End {
    type Gate = Allowed<UpdateKeys>;
    type Target = (ReviewId, &'static EndAction);
    type Fields = NoFields;
    type Backdrop = Board;

    fn close(input: &Input<Self>) -> String {
        format!("{}#{}", path(&input.target.0), input.target.1.path)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Board> {
        Board::load(connection, &input.viewer, &input.target.0, &Items::default(), None)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let ((id, action), now) = (&frame.input.target, frame.input.viewer.now);
        let review = reviews::find(connection, id)?.ok_or(Error::NotFound)?;
        if !review.is_open() {
            return Ok(LoadResult::Redirect(path(id), ended_already()));
        }
        let text = if action.gives_up {
            CANCELLED.into()
        } else {
            remaining_work(
                reviews::progress(connection, &review, now)?,
                reviews::still_open(connection, id, now)?,
            )
        };
        let action = *action;
        Ok(LoadResult::Show(Self { frame, action, text }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (id, action) = &input.target;
        if action.gives_up {
            let review = reviews::cancel(tx, id, context)?;
            return Ok(SubmitResult::at(
                "/reviews",
                Notice::done(format!("{} cancelled.", review.name())),
            ));
        }
        reviews::finish(tx, id, context)?;
        Ok(SubmitResult::at(format!("{}/report", path(id)), Notice::done("Review finished.")))
    }
}

/// The keys that still need a decision, or the decisions that are still to be carried out.
fn remaining_work(progress: Progress, open: i64) -> String {
    match (progress.needed - progress.decided, open) {
        (0, 0) => "Every decision was carried out. The report stays as it is.".into(),
        (0, 1) => {
            "1 decision is still to be carried out. The report lists it as open until it is.".into()
        }
        (0, open) => format!(
            "{} decisions are still to be carried out. The report lists them as open until they are.",
            count_text(open)
        ),
        (1, _) => "1 key still needs a decision before the review can be finished.".into(),
        (undecided, _) => format!(
            "{} keys still need a decision before the review can be finished.",
            count(undecided)
        ),
    }
}
