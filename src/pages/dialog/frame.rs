//! What every dialog draws around what it asks.

use actix_web::http::StatusCode;

use super::{Dialog, Input};
use crate::base::error::{Invalid, Result};
use crate::db::Connection;
use crate::domain::activity::{self, Theirs};

/// How far a dialog has come.
pub(super) enum Stage {
    Opened,
    /// Sent to have something filled in.
    Assisted,
    /// What was sent breaks rules.
    Rejected(Invalid),
    /// Somebody else changed the same thing first.
    Conflict,
}

/// The part of a dialog that `layout/dialog.html` draws.
pub struct Frame<D: Dialog> {
    pub input: Input<D>,
    pub backdrop: D::Backdrop,
    /// Where closing the dialog leads.
    pub close: String,
    /// Where the form is sent.
    pub action: String,
    pub errors: Invalid,
    /// What somebody else changed first.
    pub conflict: Option<Theirs>,
    /// Whether nothing was sent yet.
    pub is_opened: bool,
    stage: Stage,
}

impl Stage {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Opened | Self::Assisted => StatusCode::OK,
            Self::Rejected(_) => StatusCode::UNPROCESSABLE_ENTITY,
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
    ) -> Self {
        let mut errors = Invalid::default();
        match &mut stage {
            Stage::Rejected(rejected) => std::mem::swap(&mut errors, rejected),
            Stage::Conflict if !D::CHANGED.is_empty() => errors.add("", D::CHANGED),
            _ => {}
        }
        let (close, is_opened) = (D::close(&input), matches!(stage, Stage::Opened));
        Self { input, backdrop, close, action, errors, conflict: None, is_opened, stage }
    }

    /// Says that the form edits what now stands at `version`. After a conflict this also finds what
    /// others changed; who then saves again has seen it, and starts from the present version. A form that
    /// only had something filled in keeps the version that it started from.
    pub fn edits(
        &mut self,
        connection: &mut Connection,
        subject_id: &str,
        version: i64,
    ) -> Result<()> {
        if matches!(self.stage, Stage::Assisted) {
            return Ok(());
        }
        let sent = self.input.version.replace(version).unwrap_or(version);
        if matches!(self.stage, Stage::Conflict) && D::CHANGED.is_empty() {
            self.conflict = Some(activity::since(connection, subject_id, sent)?);
        }
        Ok(())
    }

    /// The version for the form to send, where it edits something.
    pub fn version(&self) -> Option<i64> {
        self.input.version
    }

    /// Whether the dialog says first what is wrong.
    pub fn has_problem(&self) -> bool {
        self.conflict.is_some() || !self.errors.is_empty()
    }
}
