//! The part of every dialog around its own content.

use actix_web::http::StatusCode;

use super::{Dialog, Input, OUT_OF_DATE};
use crate::base::error::{Invalid, Result};
use crate::db::Connection;
use crate::domain::activity::{self, ConcurrentChanges};
use crate::domain::sign_in::passkeys::Ceremony;
use crate::web::flash::Notice;

/// The stage of a dialog.
pub(super) enum Stage {
    Opened,
    /// Submitted before the member signed in again, here or at the provider; the text says why it is
    /// shown again.
    Restored(Notice),
    /// Submitted with a token that is not valid.
    Stale,
    /// Submitted to have values filled in.
    Assisted,
    /// The submitted values break rules.
    Rejected(Invalid),
    /// It was not confirmed who submitted it; the status says why.
    Unconfirmed(Invalid, StatusCode),
    /// Somebody else changed the same item first.
    Conflict,
}

/// The part of a dialog that `layout/dialog.html` renders.
pub struct Frame<D: Dialog> {
    pub input: Input<D>,
    pub backdrop: D::Backdrop,
    /// Where closing the dialog leads.
    pub close: String,
    /// The path to which the form is sent.
    pub action: String,
    pub errors: Invalid,
    /// The concurrent changes of others.
    pub conflict: Option<ConcurrentChanges>,
    /// Present if the form can ask for a passkey of who submits it.
    pub passkey: Option<Ceremony>,
    /// Whether nothing was submitted yet.
    pub is_opened: bool,
    /// Whether it was submitted to have values filled in or checked.
    pub is_assisted: bool,
    /// Why it shows input from before the member signed in again, if it does.
    pub restored: Option<Notice>,
    stage: Stage,
}

impl Stage {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Opened | Self::Restored(_) | Self::Assisted => StatusCode::OK,
            Self::Stale => StatusCode::FORBIDDEN,
            Self::Rejected(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unconfirmed(_, status) => *status,
            Self::Conflict => StatusCode::CONFLICT,
        }
    }
}

impl<D: Dialog> Frame<D> {
    pub(super) fn new(
        input: Input<D>,
        backdrop: D::Backdrop,
        action: String,
        mut stage: Stage,
        passkey: Option<Ceremony>,
    ) -> Self {
        let mut errors = Invalid::default();
        match &mut stage {
            Stage::Rejected(rejected) | Stage::Unconfirmed(rejected, _) => {
                std::mem::swap(&mut errors, rejected);
            }
            Stage::Stale => errors.add("", OUT_OF_DATE),
            Stage::Conflict if !D::CHANGED.is_empty() => errors.add("", D::CHANGED),
            _ => {}
        }
        let close = D::close(&input);
        Self {
            input,
            backdrop,
            close,
            action,
            errors,
            conflict: None,
            passkey,
            is_opened: matches!(stage, Stage::Opened),
            is_assisted: matches!(stage, Stage::Assisted),
            restored: match &stage {
                Stage::Restored(notice) => Some(notice.clone()),
                _ => None,
            },
            stage,
        }
    }

    /// Records that the form edits an item at `version`. After a conflict, also loads what others
    /// changed; a second save then starts from the current version, since the member has seen the
    /// changes. A form that was not judged, such as one that only had values filled in, keeps its
    /// original version.
    pub fn edits(
        &mut self,
        connection: &mut Connection,
        subject_id: &str,
        version: i64,
    ) -> Result<()> {
        let is_judged = !matches!(
            self.stage,
            Stage::Assisted | Stage::Restored(_) | Stage::Stale | Stage::Unconfirmed(..)
        );
        if !is_judged {
            return Ok(());
        }
        let sent = self.input.version.replace(version).unwrap_or(version);
        if matches!(self.stage, Stage::Conflict) && D::CHANGED.is_empty() {
            self.conflict = Some(activity::since(connection, subject_id, sent)?);
        }
        Ok(())
    }

    /// Whether the form asks who submits it.
    pub fn asks_who(&self) -> bool {
        D::NEEDS_CONFIRMATION && !self.input.is_confirmed
    }

    /// The version for the form to send, if it edits an item.
    pub fn version(&self) -> Option<i64> {
        self.input.version
    }

    /// Whether the dialog starts with an error.
    pub fn has_problem(&self) -> bool {
        self.conflict.is_some() || !self.errors.is_empty()
    }
}
