//! `/api-keys/new`: the dialog that creates a key.

use askama::Template;
use serde::Deserialize;

use super::backdrop::Backdrop;
use super::form::{Choices, Expiry, Fields};
use super::origin::{Origin, page_of};
use super::secret::{self, ALREADY_SHOWN};
use super::words::ago;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::members::Permission;
use crate::domain::members::permission::CreateKeys;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::query;

#[derive(Template)]
#[template(path = "api_keys/new.html")]
pub(super) struct New {
    frame: Frame<Self>,
    form: Choices,
    expiry: Expiry,
    candidates: Vec<Candidate>,
}

/// A key that could be revoked to make room.
struct Candidate {
    id: String,
    name: String,
    used: String,
}

/// The parameters in the dialog's URL.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    /// The key to copy.
    from: Option<KeyId>,
}

impl Dialog for New {
    type Gate = Allowed<CreateKeys>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;

    fn opened(query: &str) -> Fields {
        Fields { from: query::read::<Parameters>(query).from, ..Fields::default() }
    }

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn backdrop_of_secret(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::of_secret(connection, &input.viewer, &Origin::of(input))
    }

    fn close(input: &Input<Self>) -> String {
        match Origin::of(input) {
            origin @ (Origin::List(_) | Origin::Member(..) | Origin::Restored(_)) => {
                format!("{}#create", origin.href())
            }
            origin @ Origin::Key(..) => format!("{}#duplicate-key", origin.href()),
        }
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::of(input))
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let viewer = frame.input.viewer.clone();
        if frame.is_opened {
            let from = frame.input.fields.from.filter(|_| viewer.may(Permission::ViewKeys));
            let found = from.map(|id| api_keys::find(connection, &id)).transpose()?.flatten();
            frame.input.fields = match found {
                Some(details) => Fields::copied(&details, &viewer.settings),
                None => Fields::proposed(&viewer.settings),
            };
        }
        let is_full = frame.errors.has("") && viewer.may(Permission::DeleteKeys);
        let candidates =
            if is_full { api_keys::least_used(connection, viewer.now)? } else { Vec::new() };
        Ok(LoadResult::Show(Self {
            form: Choices::load(connection, &frame.input.fields, &viewer)?,
            expiry: Expiry::new(&frame.input.fields.lifetime, &viewer),
            candidates: candidates.iter().map(|key| candidate(key, viewer.now)).collect(),
            frame,
        }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let id = KeyId::random()?;
        let created = api_keys::create(tx, id, &input.fields.draft(), context)?;
        Ok(secret::reveal(input, created, "created", page_of(&id), page_of(&id)))
    }
}

fn candidate(key: &ApiKey, now: Timestamp) -> Candidate {
    Candidate {
        id: key.id.as_str().into(),
        name: key.name.as_str().into(),
        used: key
            .last_used_at
            .map_or("Never used".into(), |at| format!("Last used {}", ago(at, now))),
    }
}
