//! What the table says when it shows no keys.

use super::query::Filters;
use crate::domain::api_keys::View;

/// The text shown if there are no rows.
pub(super) struct EmptyState {
    pub title: String,
    pub advice: &'static str,
    pub offers_clear: bool,
}

pub(super) fn state(filters: &Filters, is_narrowed: bool) -> EmptyState {
    let plain =
        |title: &str, advice| EmptyState { title: title.into(), advice, offers_clear: false };
    match filters.view {
        _ if !filters.search.is_empty() && filters.has_choices() => EmptyState {
            title: format!("No keys match “{}” with these filters", filters.search),
            advice: "Choose other filters, or check the spelling.",
            offers_clear: true,
        },
        _ if !filters.search.is_empty() => EmptyState {
            title: format!("No keys match “{}”", filters.search),
            advice: "Check the spelling, or search for part of the name, the owner or an ID.",
            offers_clear: true,
        },
        _ if is_narrowed => EmptyState {
            title: "No keys match these filters".into(),
            advice: "Choose other filters, or show all keys.",
            offers_clear: true,
        },
        View::All => {
            plain("Every key is revoked", "Create a key to let an application call your API.")
        }
        View::Attention => plain(
            "Nothing needs attention",
            "Keys that expire soon, are due for rotation, unused, often denied, or used although they no longer work appear here.",
        ),
        View::Disabled => plain(
            "No disabled keys",
            "A key that you disable passes no requests until you enable it again.",
        ),
        View::Expired => {
            plain("No expired keys", "Keys that have reached their expiry date appear here.")
        }
        View::Revoked => plain("No revoked keys", "Revoked keys appear here."),
    }
}
