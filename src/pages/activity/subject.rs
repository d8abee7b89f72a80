//! The subject of an entry, and the page where the viewer may see it.

use crate::base::text;
use crate::domain::activity::RecordedEntry;
use crate::domain::api_keys::KeyId;
use crate::domain::members::{MemberId, Permission};
use crate::domain::scopes;
use crate::domain::webhooks::EndpointId;
use crate::pages::Viewer;

/// The maximum length of a name on the page, in characters: Latchkey's own names are shorter.
const MAX_LENGTH: usize = 120;

/// The subject as a sentence shows it.
pub(super) struct SubjectLink {
    pub name: String,
    pub href: Option<String>,
}

/// The subject of `entry`, if it has one.
pub(super) fn named(entry: &RecordedEntry, viewer: &Viewer) -> Option<SubjectLink> {
    let (kind, id) = (entry.subject_kind.as_deref()?, entry.subject_id.as_deref()?);
    let name = entry.subject_name.as_deref().unwrap_or(id);
    Some(SubjectLink { name: text::visible(name, MAX_LENGTH), href: page_of(kind, id, viewer) })
}

/// The page of the item of that kind with that id, if the viewer may open one.
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
