//! The scopes that keys lose through an edit, shown in the form before it is saved.

use super::table::key_count_text;
use crate::domain::api_keys::ApiKey;
use crate::domain::api_keys::holders::Loss;
use crate::domain::members::Permission;
use crate::pages::Viewer;

/// The maximum number of scopes listed.
const LINES: usize = 20;

pub(super) struct LossView {
    /// `3 keys lose orders:write`.
    pub lines: Vec<String>,
    pub keys: Vec<KeyLink>,
    /// The number of further keys; empty for none.
    pub more: String,
    /// The number of keys that are left without scopes; empty for none.
    pub emptied: String,
    pub emptied_keys: Vec<KeyLink>,
    /// Identifies this loss.
    pub fingerprint: String,
}

pub(super) struct KeyLink {
    pub id: String,
    pub name: String,
}

impl LossView {
    /// Viewers who may not view keys see the number of keys, but not their names.
    pub(super) fn new(loss: &Loss, viewer: &Viewer) -> Self {
        let named = viewer.may(Permission::ViewKeys);
        let linked = |keys: &[ApiKey]| -> Vec<KeyLink> {
            let link = |key: &ApiKey| KeyLink {
                id: key.id.as_str().into(),
                name: key.name.as_str().into(),
            };
            keys.iter().filter(|_| named).map(link).collect()
        };
        let listed = loss.scopes.iter().take(LINES);
        let mut lines: Vec<String> = listed
            .map(|(scope, count)| format!("{} {scope}", key_count_text(*count, "loses", "lose")))
            .collect();
        if loss.scopes.len() > LINES {
            lines.push(format!("and {} scopes more", loss.scopes.len() - LINES));
        }
        let more = loss.count - i64::try_from(loss.keys.len()).unwrap_or(i64::MAX);
        let emptied = match loss.emptied_count {
            0 => String::new(),
            count => {
                let verb = key_count_text(count, "is", "are");
                format!("{verb} left with nothing to do")
            }
        };
        Self {
            lines,
            keys: linked(&loss.keys),
            more: if more > 0 { key_count_text(more, "more", "more") } else { String::new() },
            emptied,
            emptied_keys: linked(&loss.emptied),
            fingerprint: loss.fingerprint(),
        }
    }
}
