//! `/api-keys/bulk/rotate`: the dialog that gives several keys new secrets, and the page that
//! shows the secrets once.

use std::sync::Arc;

use askama::Template;

use super::{Selected, keys_in_query, live, named, nothing, origin};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, Overlap, SecretKey};
use crate::domain::members::permission::UpdateKeys;
use crate::pages::api_keys::backdrop::Backdrop;
use crate::pages::api_keys::form::Expiry;
use crate::pages::api_keys::rotate::{Fields, OverlapTile};
use crate::pages::api_keys::secret::ALREADY_SHOWN;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult, Viewer};
use crate::web::flash::Notice;
use crate::web::page;

/// How many keys can be rotated at once: a number that a person can copy reliably.
const MAX_ROTATED: usize = 25;
const NONE: &str = "None of these keys can be rotated: a revoked key stays revoked.";

#[derive(Template)]
#[template(path = "api_keys/bulk/rotate.html")]
pub(in crate::pages::api_keys) struct Rotate {
    frame: Frame<Self>,
    named: String,
    selected: Vec<Selected>,
    expiry: Expiry,
    overlaps: Vec<OverlapTile>,
}

#[derive(Template)]
#[template(path = "api_keys/bulk/secrets.html")]
struct SecretsPage {
    viewer: Arc<Viewer>,
    backdrop: Option<Arc<Backdrop>>,
    secrets: Vec<RotatedKey>,
    /// Where "I have copied them" leads.
    done: String,
}

struct RotatedKey {
    id: String,
    name: String,
    secret: SecretKey,
}

impl Dialog for Rotate {
    type Gate = Allowed<UpdateKeys>;
    type Target = ();
    type Fields = Fields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;
    const CHANGED: &'static str =
        "Someone else changed or rotated one of these keys. Check the list, then rotate again";

    fn opened(query: &str) -> Fields {
        Fields { keys: keys_in_query(query), ..Fields::proposed() }
    }

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn close(input: &Input<Self>) -> String {
        origin(input).href()
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &origin(input))
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        if frame.is_opened {
            frame.input.fields.since = frame.input.viewer.now.millis().to_string();
        }
        let (fields, viewer) = (&frame.input.fields, &frame.input.viewer);
        let found = live(connection, &fields.keys)?;
        if found.is_empty() {
            let notice = Notice::note(nothing(&fields.keys, NONE));
            return Ok(LoadResult::Redirect(Self::close(&frame.input), notice));
        }
        Ok(LoadResult::Show(Self {
            named: named(&found),
            selected: Selected::all(&found, viewer.now),
            expiry: Expiry::for_rotation(&fields.lifetime, viewer),
            overlaps: Overlap::ALL.map(|overlap| OverlapTile::new(overlap, String::new())).into(),
            frame,
        }))
    }

    /// Rotates all of them or none.
    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let live = live(tx, &input.fields.keys)?;
        if live.len() > MAX_ROTATED {
            return Err(Error::invalid("", format!("Rotate {MAX_ROTATED} keys or fewer at once")));
        }
        if live.is_empty() {
            return Ok(SubmitResult::at(Self::close(input), Notice::note(NONE)));
        }
        let rotation = Fields::rotation(input);
        let rotated = live.iter().map(|key| {
            let rotation = rotation.of(key);
            let (_, secret) = api_keys::rotate(tx, &key.id, &rotation, context)?;
            Ok(RotatedKey { id: key.id.as_str().into(), name: key.name.as_str().into(), secret })
        });
        let secrets = rotated.collect::<Result<_>>()?;
        let (viewer, backdrop) = (input.viewer.clone(), input.backdrop_of_secret.clone());
        let page = SecretsPage { viewer, backdrop, secrets, done: Self::close(input) };
        let notice = Notice::done(format!("{} rotated.", named(&live)));
        Ok(SubmitResult::at(Self::close(input), notice).reveal(move || {
            let plain = page.secrets.iter().map(|shown| (shown.id.as_str(), shown.secret.expose()));
            page::reveal(&page, &plain.collect::<Vec<_>>())
        }))
    }
}
