//! What Latchkey knows and does, a folder for each feature: its verbs in `mod.rs`, its nouns one file
//! each, its SQL in `store`. Knows no page and no template.
//!
//! From left to right, each may use those before it: [`activity`], [`settings`], [`mail`], [`members`],
//! [`sign_in`], [`scopes`], [`roles`], [`api_keys`], [`usage`], [`verification`], [`diagnosis`],
//! [`webhooks`], [`leaks`], [`reviews`], [`attention`], [`alerts`].

pub mod activity;
pub mod alerts;
pub mod api_keys;
pub mod attention;
pub mod diagnosis;
pub mod leaks;
pub mod mail;
pub mod members;
pub mod reviews;
pub mod roles;
pub mod scopes;
pub mod settings;
pub mod sign_in;
pub mod usage;
pub mod verification;
pub mod webhooks;

use crate::base::clock::Clock;
use crate::db::Db;

/// Has what follows from a change be written with it, whoever makes it: a page, a command or a job.
/// Features on the left announce what changed; those on the right say here what that means.
pub fn draw_consequences(db: &Db, clock: Clock) {
    db.before_commit(move |tx, announced| {
        let keys = announced.iter().filter_map(|what| api_keys::KeyId::parse(what));
        attention::reconsider(tx, &keys.collect::<Vec<_>>(), clock.now())?;
        for what in announced {
            match what.as_str() {
                settings::ROTATION_CHANGED => api_keys::rotation_changed(tx)?,
                settings::SESSIONS_CHANGED => sign_in::sessions::shorten(tx)?,
                _ => {}
            }
        }
        Ok(())
    });
}
