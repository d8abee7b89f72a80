//! Organisation-wide settings: the name, the secret keys' prefix, limits and intervals.
//!
//! Uses activity; does not depend on other features.

mod draft;
pub mod master_key;
mod store;

pub use draft::OrganisationName;
pub use master_key::{
    check, exists, fingerprint, installation_name, keyring, prepare, stored_fingerprint,
};
pub use store::{Draft, Settings};

use crate::base::clock::{DAY, HOUR, MINUTE};
use crate::base::closed_set::closed_set;
use crate::base::error::{Error, Result};
use crate::db::types::text_column;
use crate::db::{Connection, EVERYTHING, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event, Subject};

/// Announced when rotation intervals have changed.
pub const ROTATION_CHANGED: &str = "settings.rotation";
/// Announced when the length of sessions has changed.
pub const SESSIONS_CHANGED: &str = "settings.sessions";

closed_set! {
    /// Who must have a second factor to sign in, least strict first.
    #[derive(Default)]
    pub enum TwoStep {
        #[default]
        Optional = "optional" "Optional",
        SuperManagers = "super_managers" "Required for super managers",
        Everyone = "everyone" "Required for everyone",
    }
}
text_column!(TwoStep);

impl Settings {
    /// How long a member's identity stays confirmed, in milliseconds; 0 if it must be confirmed each
    /// time.
    pub fn confirmation_lifetime(&self) -> i64 {
        i64::from(self.confirm_minutes) * MINUTE
    }

    /// How long a session may be idle before it ends, in milliseconds.
    pub fn session_idle(&self) -> i64 {
        i64::from(self.session_idle_minutes) * MINUTE
    }

    /// The maximum length of a session, in milliseconds.
    pub fn session_length(&self) -> i64 {
        i64::from(self.session_hours) * HOUR
    }

    /// After how many days a rotation is due, in the order production, staging, development.
    pub fn rotation_days(&self) -> [i32; 3] {
        [self.rotation_days_production, self.rotation_days_staging, self.rotation_days_development]
    }

    /// The rotation interval for the keys of the environment with this index, in milliseconds.
    pub fn rotation_interval(&self, environment: usize) -> i64 {
        self.rotation_days().get(environment).map_or(0, |days| i64::from(*days) * DAY)
    }
}

/// The current settings.
pub fn get(connection: &mut Connection) -> Result<Settings> {
    store::get(connection)
}

/// Writes the settings.
pub fn save(tx: &mut Transaction<'_>, settings: &Settings) -> Result<()> {
    store::update(tx, settings)
}

/// The version of the folding rules with which the names in the database were folded.
pub fn names_folded(connection: &mut Connection) -> Result<i64> {
    store::names_folded(connection)
}

/// Records the version of the folding rules for the names in the database.
pub fn set_names_folded(tx: &mut Transaction<'_>, folding: i64) -> Result<()> {
    store::set_names_folded(tx, folding)
}

/// Changes the settings if they are still at `version`. `may_require_two_step` says whether the
/// author has the second factor that they would require of others.
///
/// # Errors
/// [`Error::Conflict`] when somebody else has changed them, [`Error::Invalid`] when the draft breaks
/// rules.
pub fn change(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    version: i64,
    may_require_two_step: bool,
    context: &Context,
) -> Result<()> {
    let before = get(tx)?;
    if before.version != version {
        return Err(Error::Conflict);
    }
    let after = draft.check(&before, may_require_two_step, context.now);
    let mut after = after.map_err(Error::Invalid)?;
    let changes = draft::changes(&before, &after);
    if changes.is_empty() {
        return Ok(());
    }
    after.version += 1;
    save(tx, &after)?;
    if before.rotation_days() != after.rotation_days() {
        tx.announce(ROTATION_CHANGED)?;
    }
    let sessions = |settings: &Settings| (settings.session_idle(), settings.session_length());
    if sessions(&before) != sessions(&after) {
        tx.announce(SESSIONS_CHANGED)?;
    }
    if before.sends_labels != after.sends_labels {
        tx.announce(EVERYTHING)?;
    }
    activity::record(tx, context, &changed(Event::SettingsChanged, &after, &changes))
}

/// Closes the checklist of first steps for everyone, at the request of a member.
pub fn dismiss_checklist(tx: &mut Transaction<'_>, context: &Context) -> Result<()> {
    let before = get(tx)?;
    if before.checklist_closed {
        return Ok(());
    }
    close_checklist(tx)?;
    let (from, to) = ("Shown".into(), "Dismissed".into());
    let change = Change { field: "Get started checklist".into(), from, to };
    activity::record(tx, context, &changed(Event::SettingsChanged, &before, &[change]))
}

/// Closes the checklist of first steps.
pub fn close_checklist(tx: &mut Transaction<'_>) -> Result<()> {
    let settings = get(tx)?;
    save(tx, &Settings { checklist_closed: true, ..settings })
}

fn changed(event: Event, after: &Settings, changes: &[Change]) -> Entry {
    let details = serde_json::json!({ "version": after.version, "changes": changes });
    Entry::about(event, subject()).with(details)
}

/// The settings as the subject of activity entries.
pub fn subject() -> Subject {
    Subject { kind: "settings", id: "settings".into(), name: "Settings".into() }
}
