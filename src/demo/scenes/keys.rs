//! A key that was rotated three days ago, whose old secret has not been used since, and two keys
//! that were disabled after they had not been used for weeks.

use super::{Scene, Stage};
use crate::domain::api_keys::{self, Rotation};
use crate::domain::disabling::{self, Draft};

pub(in crate::demo) const ROTATED: &str = "Freight quotes – pilot";
pub(in crate::demo) const TRIAL: &str = "Route optimiser – trial";
pub(in crate::demo) const LEGACY: &str = "Tracking feed – old platform";

pub(super) fn scenes<'a>(stage: &'a Stage<'a>) -> Vec<Scene<'a>> {
    let until_enabled = Draft {
        reason: "The trial is over. The vendor may come back next year".into(),
        ..Draft::default()
    };
    let then_revoke = Draft {
        reason: "Replaced by the carrier webhook relay".into(),
        until: "14d".into(),
        then: "revoke".into(),
        may_revoke: true,
        ..Draft::default()
    };
    let disabled = [(TRIAL, until_enabled, 12), (LEGACY, then_revoke, 5)];
    let mut scenes: Vec<Scene<'a>> = Vec::new();
    for (name, draft, days) in disabled {
        let Some(details) = stage.key(name) else { continue };
        let context = stage.context(1, stage.ago(days, 0));
        scenes.push((
            context.now,
            Box::new(move |tx| disabling::disable(tx, &details.key.id, &draft, &context).map(drop)),
        ));
    }
    scenes.extend(rotation(stage));
    scenes
}

/// The new secret is discarded, like all secrets of the sample.
fn rotation<'a>(stage: &'a Stage<'a>) -> Option<Scene<'a>> {
    let details = stage.key(ROTATED)?;
    let context = stage.context(0, stage.ago(3, 0));
    let at = context.now;
    let rotation =
        Rotation { overlap: "7d".into(), lifetime: "90".into(), since: at, ..Rotation::default() };
    Some((
        at,
        Box::new(move |tx| api_keys::rotate(tx, &details.key.id, &rotation, &context).map(drop)),
    ))
}
