//! `/api-keys/{key_id}/edit`: the dialog that changes a key, without overwriting concurrent
//! changes.

use askama::Template;

use super::backdrop::{Backdrop, page_of};
use super::form::{Choices, Expiry, Fields};
use super::list_check::{ListCheck, warning};
use super::prefill::Prefill;
use crate::base::clock::{Timestamp, long_date};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, Details, Draft, IpWhitelist, KeyId, Status};
use crate::domain::members::permission::UpdateKeys;
use crate::domain::usage::{self, AllowedRequests, WhitelistEffect};
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
    is_expired: bool,
    expired_on: String,
}

impl Dialog for Edit {
    type Gate = Allowed<UpdateKeys>;
    type Target = KeyId;
    type Fields = Fields;
    type Backdrop = Backdrop;

    fn opened(query: &str) -> Fields {
        let behind = Backdrop::from_query(query);
        Fields { behind, prefill: query::read(query), ..Fields::default() }
    }

    fn is_preview(fields: &Fields) -> bool {
        !fields.assist.is_empty()
    }

    fn close(input: &Input<Self>) -> String {
        Backdrop::location(&input.fields.behind, &input.target)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &input.fields.behind, &input.target)
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
        let fields = &frame.input.fields;
        Ok(LoadResult::Show(Self {
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
        let before = api_keys::find(tx, id)?;
        let key = api_keys::edit(tx, id, &draft, version, context)?;
        let whitelist_effect = check_whitelist(tx, before.as_ref(), &draft, context.now)?;
        Ok(SubmitResult::at(Self::close(input), saved_notice(&key, whitelist_effect)))
    }
}

/// Starts with the stored key, or keeps the submitted values; then applies what a link or a button
/// fills in.
fn fill_in(frame: &mut Frame<Edit>, details: &Details, passed: &AllowedRequests) {
    let fields = &mut frame.input.fields;
    let prefill = if frame.is_opened {
        let Fields { behind, prefill, .. } = std::mem::take(fields);
        *fields = Fields { behind, ..Fields::of(details) };
        prefill
    } else {
        Prefill::pressed(&fields.assist)
    };
    prefill.apply(fields, details, passed);
}

/// The requests that a new IP whitelist would have denied.
fn check_whitelist(
    connection: &mut Connection,
    before: Option<&Details>,
    draft: &Draft,
    now: Timestamp,
) -> Result<Option<WhitelistEffect>> {
    let list = IpWhitelist::parse(&draft.ip_whitelist).unwrap_or_default();
    let Some(before) = before.filter(|before| before.ip_whitelist != list) else {
        return Ok(None);
    };
    Ok(Some(usage::allowed_requests(connection, &before.key.id, now)?.effect_of(&list)))
}

/// Warns if a new IP whitelist would have denied requests.
fn saved_notice(key: &ApiKey, whitelist_effect: Option<WhitelistEffect>) -> Notice {
    let saved = format!("“{}” saved.", key.name.as_str());
    match whitelist_effect.filter(|would| would.count > 0) {
        Some(would) => {
            Notice::warning(format!("{saved} {}", warning("Its new IP whitelist", &would)))
        }
        None => Notice::done(saved),
    }
}
