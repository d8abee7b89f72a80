//! `/api-keys/{key_id}/rotate`: the dialog that gives a key a new secret.

use askama::Template;
use serde::Deserialize;

use super::backdrop::Backdrop;
use super::form::Expiry;
use super::origin::{Origin, page_of};
use super::secret::{self, ALREADY_SHOWN};
use super::words::{ago_within, moment, overlap_label};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, KeyId, Overlap, Rotation, Status, StoredSecret};
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, SubmitResult};
use crate::web::flash::Notice;

/// The fields of this dialog, and of the dialog that rotates several keys.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub overlap: String,
    pub lifetime: String,
    pub expires_on: String,
    /// The keys in the dialog for several keys.
    pub keys: Vec<String>,
    /// When that dialog was opened, in milliseconds: a secret that is newer is not replaced.
    pub since: String,
}

#[derive(Template)]
#[template(path = "api_keys/rotate.html")]
pub(super) struct Rotate {
    frame: Frame<Self>,
    name: String,
    expiry: Expiry,
    overlaps: Vec<OverlapTile>,
    /// What becomes of the old secret, if there is no choice.
    old_secret: Option<&'static str>,
    /// What happens to the secrets if two of them work.
    older_secret_warning: Option<String>,
}

pub(super) struct OverlapTile {
    pub slug: &'static str,
    pub label: &'static str,
    /// Empty for several keys, whose secrets end at different times.
    pub until: String,
}

impl Fields {
    /// The default values of a rotation.
    pub(super) fn proposed() -> Self {
        Self { overlap: Overlap::Days7.as_str().into(), ..Self::default() }
    }

    pub(super) fn rotation<D: Dialog<Fields = Self>>(input: &Input<D>) -> Rotation {
        let Self { overlap, lifetime, expires_on, since, .. } = input.fields.clone();
        let opened = since.parse().map_or(input.issued, Timestamp::from_millis);
        let since = opened.min(input.issued);
        Rotation { overlap, lifetime, expires_on, version: input.version, since }
    }
}

impl OverlapTile {
    pub(super) fn new(overlap: Overlap, until: String) -> Self {
        Self { slug: overlap.as_str(), label: overlap_label(overlap), until }
    }
}

pub(super) const CHANGED: &str = "Someone else changed or rotated this key. Look at it, and rotate it again if that is still needed";

impl Dialog for Rotate {
    type Gate = Allowed<UpdateKeys>;
    type Target = KeyId;
    type Fields = Fields;
    type Backdrop = Backdrop;

    const NEEDS_CONFIRMATION: bool = true;
    const CHANGED: &'static str = CHANGED;

    fn opened(_: &str) -> Fields {
        Fields::proposed()
    }

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn backdrop_of_secret(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::of_secret(connection, &input.viewer, &Origin::of(input))
    }

    fn close(input: &Input<Self>) -> String {
        Origin::of(input).at_opener(&input.target, "rotate-key")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Backdrop> {
        Backdrop::load(connection, &input.viewer, &Origin::of(input))
    }

    fn load(connection: &mut Connection, mut frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (id, now) = (frame.input.target, frame.input.viewer.now);
        let key = api_keys::find(connection, &id)?.ok_or(Error::NotFound)?.key;
        if key.status(now) == Status::Revoked {
            let notice = Notice::note("This key was revoked. It can no longer be rotated.");
            return Ok(LoadResult::Redirect(page_of(&id), notice));
        }
        frame.edits(connection, id.as_str(), key.version)?;
        let secrets = api_keys::secrets(connection, &id)?;
        Ok(LoadResult::Show(Self {
            name: key.name.as_str().into(),
            expiry: Expiry::for_rotation(&frame.input.fields.lifetime, &frame.input.viewer),
            overlaps: tiles(&secrets, now),
            old_secret: match key.status(now) {
                Status::Expired if key.is_disabled() => {
                    Some("The old secret has expired, and the key stays disabled.")
                }
                Status::Expired => Some("The old secret has expired and stays so."),
                Status::Disabled => {
                    Some("The old secret stops at once, and the key stays disabled.")
                }
                Status::Active | Status::Revoked => None,
            },
            older_secret_warning: older_secret_warning(&secrets, now),
            frame,
        }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let rotated = api_keys::rotate(tx, &input.target, &Fields::rotation(input), context)?;
        let (page, done) = (page_of(&input.target), Origin::of(input).at_row(&input.target));
        Ok(secret::reveal(input, rotated, "rotated", page, done))
    }
}

/// The choices, with the time when the old secret would stop.
fn tiles(secrets: &[StoredSecret], now: Timestamp) -> Vec<OverlapTile> {
    let own_end = secrets.first().map_or(now, |current| current.expires_at);
    let until = |overlap: Overlap| match overlap {
        Overlap::Now => "if it leaked".into(),
        _ => moment(now.plus(overlap.length()).min(own_end)),
    };
    Overlap::ALL.map(|overlap| OverlapTile::new(overlap, until(overlap))).into()
}

fn older_secret_warning(secrets: &[StoredSecret], now: Timestamp) -> Option<String> {
    let older = secrets.iter().find(|secret| secret.overlaps(now))?;
    let used = |secret: &StoredSecret| {
        secret
            .last_used_at
            .map_or("never used".into(), |at| format!("last used {}", ago_within(at, now)))
    };
    let made = |secret: &StoredSecret| moment(secret.created_at);
    match secrets.first() {
        Some(current) if current.last_used_at.is_none() => Some(format!(
            "The secret made on {} was never used and stops at once. The previous one keeps working.",
            made(current)
        )),
        _ => Some(format!(
            "A key has at most two working secrets: the one made on {}, {}, stops at once.",
            made(older),
            used(older)
        )),
    }
}
