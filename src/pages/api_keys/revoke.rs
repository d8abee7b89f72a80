//! `/api-keys/{key_id}/revoke`: the confirmation, and the revocation of a key.

use askama::Template;
use serde::Deserialize;

use super::backdrop::Backdrop;
use super::origin::{Origin, page_of};
use super::words::{ago, requests};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, KeyId, Status};
use crate::domain::members::permission::DeleteKeys;
use crate::domain::members::{self, MemberId};
use crate::domain::usage;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    confirm: String,
}

#[derive(Template)]
#[template(path = "api_keys/revoke.html")]
pub(super) struct Revoke {
    frame: Frame<Self>,
    key: KeyFacts,
}

/// The facts about a key in dialogs that disable it.
pub(super) struct KeyFacts {
    pub id: String,
    pub name: String,
    pub last_four: String,
    pub last_used: String,
    pub last_used_address: Option<String>,
    pub last_day: String,
    pub is_in_use: bool,
}

impl KeyFacts {
    pub(super) fn load(c: &mut Connection, key: &ApiKey, now: Timestamp) -> Result<Self> {
        Ok(Self {
            id: key.id.as_str().into(),
            name: key.name.as_str().into(),
            last_four: key.id.last_four().into(),
            last_used: key.last_used_at.map_or("Never".into(), |at| ago(at, now)),
            last_used_address: key.last_used_at.and(key.last_used_address.clone()),
            last_day: requests(usage::last_day(c, &key.id, now)?),
            is_in_use: api_keys::is_in_use(key, now),
        })
    }
}

impl Dialog for Revoke {
    type Gate = Allowed<DeleteKeys>;
    type Target = KeyId;
    type Fields = Fields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(input: &Input<Self>) -> String {
        Origin::of(input).at_opener(&input.target, "revoke-key")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::of(input))
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let now = frame.input.viewer.now;
        let key = api_keys::find(connection, &frame.input.target)?.ok_or(Error::NotFound)?.key;
        if key.status(now) == Status::Revoked {
            let notice =
                Notice::note(format!("{} is already revoked.", text::quoted(key.name.as_str())));
            return Ok(LoadResult::Redirect(page_of(&key.id), notice));
        }
        Ok(LoadResult::Show(Self { frame, key: KeyFacts::load(connection, &key, now)? }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let key = api_keys::revoke(tx, &input.target, &input.fields.confirm, context)?;
        let name = key.name.as_str();
        let notice = if key.revoked_at.is_none() {
            Notice::done(format!("“{name}” revoked."))
        } else {
            // Somebody else was faster.
            Notice::note(match revoker(tx, &key.id)? {
                Some(by) => format!("{by} already revoked “{name}”."),
                None => format!("“{name}” is already revoked."),
            })
        };
        Ok(SubmitResult::at(Origin::of(input).href(), notice))
    }
}

/// The name of the member who revoked a key, if it is known.
fn revoker(connection: &mut Connection, id: &KeyId) -> Result<Option<String>> {
    let Some(by) = api_keys::revoked_by(connection, id)? else { return Ok(None) };
    let member = members::find(connection, &MemberId::stored(by))?;
    Ok(member.map(|member| member.name.as_str().to_owned()))
}
