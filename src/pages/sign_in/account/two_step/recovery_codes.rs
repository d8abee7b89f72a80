//! `/account/two-step/recovery-codes`: makes new recovery codes, and shows them once.

use std::sync::Arc;

use askama::Template;

use super::{FactorsView, TWO_STEP};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::sign_in::two_step;
use crate::letters;
use crate::pages::{Dialog, Frame, Input, LoadResult, NoFields, SignedIn, SubmitResult, Viewer};
use crate::web::flash::Notice;
use crate::web::page;

/// The message after a second submit of a form that made recovery codes.
pub(super) const ALREADY_SHOWN: &str =
    "These recovery codes have already been shown. If you did not save them, make new ones.";

/// The page that shows recovery codes once.
#[derive(Template)]
#[template(path = "account/recovery_codes.html")]
pub(super) struct CodesPage {
    viewer: Arc<Viewer>,
    factors: Option<Arc<FactorsView>>,
    codes: Vec<String>,
}

impl CodesPage {
    /// Shows the codes in place of where `done` leads.
    pub(super) fn reveal<D: Dialog<Backdrop = FactorsView>>(
        done: SubmitResult,
        input: &Input<D>,
        codes: Vec<String>,
    ) -> SubmitResult {
        let (viewer, factors) = (input.viewer.clone(), input.backdrop_of_secret.clone());
        let page = Self { viewer, factors, codes };
        done.reveal(move || {
            let codes: Vec<_> = page.codes.iter().map(|code| ("Recovery code", &**code)).collect();
            page::reveal(&page, &codes)
        })
    }
}

#[derive(Template)]
#[template(path = "account/make_codes.html")]
pub(super) struct Make {
    frame: Frame<Self>,
}

impl Dialog for Make {
    type Gate = SignedIn;
    type Target = ();
    type Fields = NoFields;
    type Backdrop = FactorsView;

    const NEEDS_CONFIRMATION: bool = true;
    const CHANGED: &'static str = "Set up an authenticator app first";

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn close(_: &Input<Self>) -> String {
        format!("{TWO_STEP}#codes")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<FactorsView> {
        FactorsView::load(connection, &input.viewer, &input.site)
    }

    fn load(_: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        if frame.input.viewer.member.two_step_since.is_none() {
            let notice = Notice::note("Set up an authenticator app first.");
            return Ok(LoadResult::Redirect(TWO_STEP.into(), notice));
        }
        Ok(LoadResult::Show(Self { frame }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (change, codes) = two_step::make_codes(tx, &input.viewer.member.id, context)?;
        letters::two_step_changed(tx, &change, context)?;
        let notice = Notice::done("New recovery codes were made. The old ones no longer work.");
        Ok(CodesPage::reveal(SubmitResult::at(TWO_STEP, notice), input, codes))
    }
}
