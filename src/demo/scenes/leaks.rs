//! A leak that was dealt with, and one that was reported today.

use super::{Scene, Stage};
use crate::base::clock::{DAY, HOUR, MINUTE};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::api_keys::KeyId;
use crate::domain::leaks::{self, Draft, LeakId};

/// The key whose leak is still open.
const LEAKED: &str = "Partner API – Norlund Shipping";

pub(super) fn scenes<'a>(stage: &'a Stage<'a>) -> Vec<Scene<'a>> {
    let mut scenes: Vec<Scene<'a>> = Vec::new();
    // It takes two days to close the report.
    let is_old = |at| stage.now.since(at) > 3 * DAY;
    let revoked = stage.keys.iter().find(|details| details.key.revoked_at.is_some_and(is_old));
    if let Some((key_id, at)) = revoked.and_then(|d| Some((d.key.id, d.key.revoked_at?))) {
        let (reporter, closer) =
            (stage.context(1, at.plus(HOUR)), stage.context(0, at.plus(2 * DAY)));
        scenes.push((
            reporter.now,
            Box::new(move |tx| {
                let id = LeakId::random()?;
                let found = "In the log of a build job that the whole company can read.";
                leaks::report(tx, id.clone(), &key_id, &draft(found), &reporter)?;
                let note = "Revoked at once. The log was deleted, and the job no longer prints it.";
                leaks::note(tx, &id, note, &reporter).map(drop)
            }),
        ));
        scenes.push((
            closer.now,
            Box::new(move |tx| {
                let open = leaks::open_of_key(tx, &key_id)?;
                open.iter().try_for_each(|leak| leaks::close(tx, &leak.id, true, &closer).map(drop))
            }),
        ));
    }
    if let Some(details) = stage.key(LEAKED) {
        scenes.extend(open(stage, details.key.id));
    }
    scenes
}

fn open<'a>(stage: &'a Stage<'a>, key_id: KeyId) -> [Scene<'a>; 2] {
    let at = stage.ago(0, 3);
    let (reporter, other) = (stage.context(0, at), stage.context(1, at.plus(20 * MINUTE)));
    let report = move |tx: &mut Transaction<'_>| -> Result<()> {
        let found = "In a support ticket. The partner sent the whole request, with its header.";
        leaks::report(tx, LeakId::random()?, &key_id, &draft(found), &reporter).map(drop)
    };
    let note = move |tx: &mut Transaction<'_>| -> Result<()> {
        let text = "The partner needs until tomorrow to deploy another secret key. Then we rotate.";
        let open = leaks::open_of_key(tx, &key_id)?;
        open.iter().try_for_each(|leak| leaks::note(tx, &leak.id, text, &other).map(drop))
    };
    [(at, Box::new(report)), (at.plus(20 * MINUTE), Box::new(note))]
}

fn draft(found: &str) -> Draft {
    Draft { found: found.into(), action: "none".into(), ..Draft::default() }
}
