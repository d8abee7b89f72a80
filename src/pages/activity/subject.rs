//! What an entry is about, and where the viewer may look at it.

use crate::base::text;
use crate::domain::activity::Recorded;
use crate::domain::api_keys::KeyId;
use crate::domain::members::{MemberId, Permission};
use crate::domain::scopes;
use crate::domain::webhooks::EndpointId;
use crate::pages::Viewer;

/// The longest name that is drawn, in characters: names of ours are shorter.
const LONGEST: usize = 120;

/// A thing as a sentence names it.
pub(super) struct Named {
    pub name: String,
    pub href: Option<String>,
}

/// What `entry` is about, if it is about something.
pub(super) fn named(entry: &Recorded, viewer: &Viewer) -> Option<Named> {
    let (kind, id) = (entry.subject_kind.as_deref()?, entry.subject_id.as_deref()?);
    let name = entry.subject_name.as_deref().unwrap_or(id);
    Some(Named { name: text::visible(name, LONGEST), href: page_of(kind, id, viewer) })
}

/// The page of a thing of that kind with that id, if there is one that the viewer may open.
fn page_of(kind: &str, id: &str, viewer: &Viewer) -> Option<String> {
    match kind {
        "api_key" if viewer.may(Permission::ViewKeys) => {
            KeyId::parse(id).map(|id| format!("/api-keys/{}", id.as_str()))
        }
        "role" if viewer.may(Permission::ManageRoles) => Some("/roles".into()),
        "scope" if viewer.may(Permission::ManageRoles) => {
            scopes::is_scope(id).then(|| format!("/scopes#{id}"))
        }
        "member" if viewer.may(Permission::ManageMembers) => {
            MemberId::parse(id).map(|id| format!("/members#{}", id.as_str()))
        }
        "webhook" if viewer.may(Permission::ManageSettings) => {
            EndpointId::parse(id).map(|id| format!("/webhooks#{}", id.as_str()))
        }
        "mail" if viewer.may(Permission::ManageSettings) => Some("/mail".into()),
        "leak" | "review" if viewer.may(Permission::ViewKeys) => {
            let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            is_id.then(|| format!("/{kind}s/{id}"))
        }
        "settings" if viewer.may(Permission::ManageSettings) => Some("/settings".into()),
        _ => None,
    }
}
