//! The first steps of a new organisation, until all of them are done or the list is dismissed.
//!
//! Uses settings, mail, members, `api_keys` and usage.

use std::collections::BTreeSet;

use crate::base::error::Result;
use crate::db::{Connection, Db};
use crate::domain::{api_keys, mail, members, settings, usage};

/// A first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    CreateKey,
    /// Latchkey has received a request for a decision.
    ProtectApi,
    /// Latchkey has allowed a request.
    AllowRequest,
    InviteSuperManager,
    SetUpEmail,
}

impl Step {
    pub const ALL: [Self; 5] = [
        Self::CreateKey,
        Self::ProtectApi,
        Self::AllowRequest,
        Self::InviteSuperManager,
        Self::SetUpEmail,
    ];

    fn is_done(self, connection: &mut Connection) -> Result<bool> {
        match self {
            Self::CreateKey => api_keys::any(connection),
            Self::ProtectApi => usage::has_requests(connection),
            Self::AllowRequest => usage::has_allowed_requests(connection),
            Self::InviteSuperManager => members::has_two_super_managers(connection),
            Self::SetUpEmail => mail::server_is_set(connection),
        }
    }
}

/// The steps that are done.
pub fn done(connection: &mut Connection) -> Result<BTreeSet<Step>> {
    let mut done = BTreeSet::new();
    for step in Step::ALL {
        if step.is_done(connection)? {
            done.insert(step);
        }
    }
    Ok(done)
}

/// Closes the list if all steps are done, so that no page has to find out.
pub fn close_if_done(db: &Db) -> Result<()> {
    let is_done = db.read_in_background(|connection| {
        let is_open = !settings::get(connection)?.checklist_closed;
        Ok(is_open && done(connection)?.len() == Step::ALL.len())
    })?;
    if is_done { db.write_in_background(settings::close_checklist) } else { Ok(()) }
}
