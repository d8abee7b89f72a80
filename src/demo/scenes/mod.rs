//! What the members did in the last months: each scene uses the operations of a feature, at the time
//! at which it happened.

mod alerts;
mod keys;
mod leaks;
mod people;
mod reviews;
mod webhooks;

use super::visits;
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::api_keys::Details;
use crate::domain::members::Member;

pub(super) use keys::{LEGACY, ROTATED, TRIAL};
pub(super) use webhooks::deliver;

/// Something that happened at a time.
pub(super) type Scene<'a> = (Timestamp, Box<dyn FnOnce(&mut Transaction<'_>) -> Result<()> + 'a>);

/// Who and what the scenes are about.
pub(super) struct Stage<'a> {
    /// The newest keys, as they were imported.
    pub keys: &'a [Details],
    /// The active members, those with the most permissions first.
    pub members: &'a [Member],
    /// A member who left.
    pub former: &'a Member,
    pub keyring: &'a Keyring,
    pub now: Timestamp,
    /// Whether there are too many keys to review.
    pub is_large: bool,
}

/// All scenes in their order.
pub(super) fn all<'a>(stage: &'a Stage<'a>) -> Vec<Scene<'a>> {
    let mut scenes = people::scenes(stage);
    scenes.extend(keys::scenes(stage));
    scenes.extend(leaks::scenes(stage));
    scenes.extend(alerts::scenes(stage));
    scenes.extend(webhooks::scenes(stage));
    if !stage.is_large {
        scenes.extend(reviews::scenes(stage));
    }
    scenes.sort_by_key(|(at, _)| *at);
    scenes
}

impl Stage<'_> {
    /// A time some days ago, and some hours before the time of day that it is now.
    fn ago(&self, days: i64, hours: i64) -> Timestamp {
        self.now.plus(-days * DAY - hours * HOUR)
    }

    /// The context of what the `position`th member does at `at`.
    fn context(&self, position: usize, at: Timestamp) -> Context {
        let context = Context::command_line(self.keyring.clone(), at);
        let context = Context { origin: visits::desk(position), ..context };
        match self.members.get(position) {
            Some(member) => context.as_member(member.id.as_str(), member.name.as_str()),
            None => context,
        }
    }

    /// The key with this name, unless the sample is too small to have it.
    fn key(&self, name: &str) -> Option<&Details> {
        self.keys.iter().find(|details| details.key.name.as_str() == name)
    }
}
