//! What Latchkey knows and does, with a folder for each feature: operations in `mod.rs`, one file
//! for each type, SQL in `store`. Does not depend on pages or templates.
//!
//! Each feature may use only those before it in this list: [`activity`], [`settings`], [`mail`],
//! [`members`], [`sign_in`], [`sso`], [`scopes`], [`roles`], [`api_keys`], [`usage`],
//! [`verification`], [`diagnosis`], [`webhooks`], [`leaks`], [`disabling`], [`impact`],
//! [`containment`], [`reviews`],
//! [`attention`], [`alerts`], [`checklist`], [`backups`], [`master_key`].

pub mod activity;
pub mod alerts;
pub mod api_keys;
pub mod attention;
pub mod backups;
pub mod checklist;
pub mod containment;
pub mod diagnosis;
pub mod disabling;
pub mod impact;
pub mod leaks;
pub mod mail;
pub mod master_key;
pub mod members;
pub mod reviews;
pub mod roles;
pub mod scopes;
pub mod settings;
pub mod sign_in;
pub mod sso;
pub mod usage;
pub mod verification;
pub mod webhooks;

use crate::base::clock::Clock;
use crate::db::Db;

/// Registers what follows from a change, so that it is written in the same transaction no matter
/// whether a page, a command or a job makes the change. Earlier features announce what changed; this
/// function connects the announcements to later features.
pub fn draw_consequences(db: &Db, clock: Clock) {
    db.before_commit(move |tx, announced| {
        let keys = announced.iter().filter_map(|what| api_keys::KeyId::parse(what));
        attention::update_flags(tx, &keys.collect::<Vec<_>>(), clock.now())?;
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
