//! `/api-keys/{key_id}/edit`: the dialog that changes a key, without overwriting concurrent
//! changes.

use askama::Template;

use super::backdrop::Backdrop;
use super::form::{Choices, Expiry, Fields};
use super::impact::ImpactView;
use super::list_check::ListCheck;
use super::origin::{Origin, page_of};
use super::prefill::Prefill;
use crate::base::clock::long_date;
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, Details, KeyId, Status};
use crate::domain::impact::{self, CONFIRMED};
use crate::domain::members::permission::UpdateKeys;
use crate::domain::usage::{self, AllowedRequests};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;
use crate::web::query;

#[derive(Template)]
#[template(path = "api_keys/edit.html")]
pub(super) struct Edit {
    frame: Frame<Self>,
    form: Choices,
    expiry: Expiry,
    list: ListCheck,
    /// What saving would deny, to be confirmed.
    impact: Option<ImpactView>,
    is_expired: bool,
    expired_on: String,
}

impl Dialog for Edit {
    type Gate = Allowed<UpdateKeys>;
    type Target = KeyId;
    type Fields = Fields;
    type Backdrop = Backdrop;

    fn opened(query: &str) -> Fields {
        Fields { prefill: query::read(query), ..Fields::default() }
    }

    fn is_preview(fields: &Fields) -> bool {
        !fields.assist.is_empty()
    }

    fn close(input: &Input<Self>) -> String {
        Origin::of(input).at_opener(&input.target, "edit-key")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::of(input))
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (id, viewer) = (frame.input.target, frame.input.viewer.clone());
        let details = api_keys::find(connection, &id)?.ok_or(Error::NotFound)?;
        let status = details.key.status(viewer.now);
        if status == Status::Revoked {
            let notice = Notice::note("This key was revoked. It can no longer be changed.");
            return Ok(LoadResult::Redirect(page_of(&id), notice));
        }
        frame.edits(connection, id.as_str(), details.key.version)?;
        let passed = usage::allowed_requests(connection, &id, viewer.now)?;
        fill_in(&mut frame, &details, &passed);
        let impact = impact(connection, &mut frame, &details)?;
        let fields = &frame.input.fields;
        Ok(LoadResult::Show(Self {
            impact,
            form: Choices::load(connection, fields, &viewer)?,
            expiry: Expiry::new(&fields.lifetime, &viewer),
            list: ListCheck::new(&fields.ip_whitelist, &passed),
            is_expired: status == Status::Expired,
            expired_on: long_date(details.key.expires_at.last_day()),
            frame,
        }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (id, draft) = (&input.target, input.fields.draft());
        let version = input.version()?;
        let key = impact::edit(tx, id, &draft, version, &input.fields.confirmed, context)?;
        let notice = Notice::done(format!("{} saved.", text::quoted(key.name.as_str())));
        Ok(SubmitResult::at(Origin::of(input).at_row(id), notice))
    }
}

/// What the draft would deny, if that has to be confirmed. The form then confirms it when it is sent
/// again.
fn impact(
    connection: &mut Connection,
    frame: &mut Frame<Edit>,
    details: &Details,
) -> Result<Option<ImpactView>> {
    frame.input.fields.confirmed.clear();
    if !frame.errors.remove(CONFIRMED) {
        return Ok(None);
    }
    let now = frame.input.viewer.now;
    let draft = frame.input.fields.draft();
    let Some((impact, fingerprint)) = impact::of_draft(connection, details, &draft, now)? else {
        frame.errors.add("", "Nothing would be denied any more. Save again");
        return Ok(None);
    };
    frame.input.fields.confirmed = fingerprint;
    Ok(Some(ImpactView::new(&impact, &details.key, now)))
}

/// Starts with the stored key, or keeps the submitted values; then applies what a link or a button
/// fills in.
fn fill_in(frame: &mut Frame<Edit>, details: &Details, passed: &AllowedRequests) {
    let fields = &mut frame.input.fields;
    let prefill = if frame.is_opened {
        // The environment cannot be changed, and a form that comes back does not have it.
        let stored = Fields { environment: String::new(), ..Fields::of(details) };
        let Fields { prefill, .. } = std::mem::replace(fields, stored);
        prefill
    } else {
        Prefill::pressed(&fields.assist)
    };
    prefill.apply(fields, details, passed);
}
