//! What happened to the ways in which members sign in, as sentences.

use serde_json::Value;

use super::sentence::{Parts, change, detail, settings_changed};
use crate::base::text;
use crate::domain::activity::{Change, RecordedEntry};

/// The maximum length of a name in a sentence, in characters.
const MAX_LENGTH: usize = 48;

pub(super) fn sign_in_failed(entry: &RecordedEntry) -> Parts {
    let email = detail(entry, "email").unwrap_or_default();
    let unknown = if entry.subject_id.is_none() { ", which is nobody’s address" } else { "" };
    Parts::plain(format!("Could not sign in as {email}{unknown}"))
}

/// "With password and authenticator app", "With the passkey “Chrome on Linux”", "With single sign-on".
pub(super) fn signed_in(entry: &RecordedEntry) -> Parts {
    if detail(entry, "issuer").is_some() {
        return Parts::plain("With single sign-on");
    }
    if let Some(name) = detail(entry, "passkey") {
        return Parts::plain(format!("With the passkey {}", text::quoted(&name)));
    }
    let second = match detail(entry, "second_factor").as_deref() {
        Some("app") => " and authenticator app",
        Some("recovery_code") => " and recovery code",
        _ => "",
    };
    Parts::plain(format!("With password{second}"))
}

pub(super) fn session_ended(entry: &RecordedEntry) -> Parts {
    let is_denied = entry.details().get("wrong_confirmations").is_some();
    Parts::plain(if is_denied {
        "The session ended after five wrong confirmations"
    } else {
        "Ended another session of their own"
    })
}

pub(super) fn app_added(entry: &RecordedEntry) -> Parts {
    let is_other = entry.details().get("replaced").and_then(Value::as_bool).unwrap_or_default();
    Parts::plain(if is_other {
        "Replaced their authenticator app"
    } else {
        "Set up an authenticator app"
    })
}

/// "Used a recovery code, 9 left".
pub(super) fn code_used(entry: &RecordedEntry) -> Parts {
    let left = entry.details().get("left").and_then(Value::as_i64);
    let left = left.map(|left| format!(", {left} left")).unwrap_or_default();
    Parts::plain(format!("Used a recovery code{left}"))
}

/// "Added the passkey “Chrome on Linux”".
pub(super) fn passkey_added(entry: &RecordedEntry) -> Parts {
    Parts::plain(format!("Added the passkey {}", passkey(entry)))
}

/// "Renamed a passkey from “Chrome on Linux” to “Laptop”".
pub(super) fn passkey_renamed(entry: &RecordedEntry) -> Parts {
    let quoted = |name: &str| text::quoted(&text::visible(name, MAX_LENGTH));
    let names = entry.changes().first().map_or_else(String::new, |change| {
        format!(" from {} to {}", quoted(&change.from), quoted(&change.to))
    });
    Parts::plain(format!("Renamed a passkey{names}"))
}

/// "Removed the passkey “Chrome on Linux”".
pub(super) fn passkey_removed(entry: &RecordedEntry) -> Parts {
    Parts::plain(format!("Removed the passkey {}", passkey(entry)))
}

fn passkey(entry: &RecordedEntry) -> String {
    text::quoted(&detail(entry, "passkey").unwrap_or_default())
}

/// "Changed the permissions of X by groups: permissions added 2, removed 1".
pub(super) fn permissions_mapped(entry: &RecordedEntry) -> Parts {
    let what: Vec<String> = entry.changes().iter().map(change).collect();
    let what = what.join("; ");
    match detail(entry, "skipped") {
        Some(why) => Parts::around("Kept the permissions of ", format!(", {why}: not {what}")),
        None => Parts::around("Changed by groups the permissions of ", format!(": {what}")),
    }
}

/// "Turned on single sign-on with <https://id.example.com>".
pub(super) fn sso_changed(entry: &RecordedEntry) -> Parts {
    let changes = entry.changes();
    match changes.iter().find(|change| change.field == "Issuer") {
        Some(Change { from, to, .. }) if from.is_empty() => {
            let issuer = text::visible(to, MAX_LENGTH);
            Parts::plain(format!("Turned on single sign-on with {issuer}"))
        }
        Some(Change { to, .. }) if to.is_empty() => Parts::plain("Turned off single sign-on"),
        _ => settings_changed(entry),
    }
}
