//! What happened, as a sentence. Details may come from another version of the program, or from
//! someone who changed the database: missing details are left out.

use serde_json::Value;

use crate::base::text;
use crate::domain::activity::{Change, RecordedEntry};

/// The maximum length of a value in a sentence, in characters; the entry's own page shows all of
/// it.
const MAX_LENGTH: usize = 48;

/// The fields that hold lists.
const LISTS: [&str; 3] = ["Scopes", "IP whitelist", "Permissions"];
/// The fields of which only is recorded whether they are set.
const SECRETS: [&str; 2] = ["Client secret", "Password"];

/// A sentence around the name of its subject.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub before: String,
    pub after: String,
    /// Whether the name appears between the parts.
    pub is_named: bool,
}

impl Parts {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { before: text.into(), after: String::new(), is_named: false }
    }

    pub(super) fn around(before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { before: before.into(), after: after.into(), is_named: true }
    }
}

/// "Created X with role Read and write, expiring 21 Feb 2027".
pub(super) fn key_created(entry: &RecordedEntry) -> Parts {
    let changes = entry.changes();
    let value = |field: &str| {
        let change = changes.iter().find(|change| change.field == field)?;
        Some(text::visible(&change.to, MAX_LENGTH)).filter(|value| !value.is_empty())
    };
    let role = value("Role").map(|role| format!(" with role {role}"));
    let expiry = value("Expires at").map(|date| format!(", expiring {}", short(&date)));
    Parts::around("Created ", role.unwrap_or_default() + expiry.unwrap_or_default().as_str())
}

/// "Changed IP whitelist of X: added 1, removed 2 addresses", "Changed role and notes of X".
pub(super) fn key_edited(entry: &RecordedEntry) -> Parts {
    let changes = entry.changes();
    let fields: Vec<String> = changes.iter().map(|change| field(&change.field)).collect();
    let after = match changes.as_slice() {
        [change] => difference(change).map(|what| format!(": {what}")),
        _ => None,
    };
    if fields.is_empty() {
        return Parts::around("Changed ", "");
    }
    Parts::around(format!("Changed {} of ", list(&fields)), after.unwrap_or_default())
}

/// "Started the Review of 23 November 2026".
pub(super) fn review_started(_: &RecordedEntry) -> Parts {
    Parts::around("Started the ", "")
}

/// "Decided on 3 keys of the Review of 23 November 2026".
pub(super) fn review_decided(entry: &RecordedEntry) -> Parts {
    let count = entry.changes().len();
    let keys = if count == 1 { "key" } else { "keys" };
    Parts::around(format!("Decided on {count} {keys} of the "), "")
}

/// "Finished the Review of 23 November 2026, 2 decisions still to be carried out".
pub(super) fn review_finished(entry: &RecordedEntry) -> Parts {
    let open = match entry.details().get("still_open").and_then(Value::as_i64) {
        Some(1) => ", 1 decision still to be carried out".into(),
        Some(open) if open > 1 => format!(", {open} decisions still to be carried out"),
        _ => String::new(),
    };
    Parts::around("Finished the ", open)
}

/// "Stopped accepting secret keys from before the master key was rotated, and revoked 2 keys".
pub(super) fn old_pepper_ended(entry: &RecordedEntry) -> Parts {
    let revoked = match entry.details().get("revoked").and_then(Value::as_i64) {
        Some(1) => ", and revoked 1 key".into(),
        Some(count) if count > 1 => format!(", and revoked {count} keys"),
        _ => String::new(),
    };
    let stopped = "Stopped accepting secret keys from before the master key was rotated";
    Parts::plain(format!("{stopped}{revoked}"))
}

pub(super) fn set_up(entry: &RecordedEntry) -> Parts {
    let organisation = detail(entry, "organisation").unwrap_or_else(|| "the organisation".into());
    Parts::plain(format!("Set up {organisation}"))
}

/// "Added Priya Raman (priya@example.com) as super manager".
pub(super) fn member_added(entry: &RecordedEntry) -> Parts {
    let email = detail(entry, "email").map(|email| format!(" ({email})")).unwrap_or_default();
    let details = entry.details();
    let is_super = details.get("super_manager").and_then(Value::as_bool).unwrap_or_default();
    Parts::around(
        "Added ",
        format!("{email} as {}", if is_super { "super manager" } else { "member" }),
    )
}

/// "Invited Priya Raman (priya@example.com) as super manager".
pub(super) fn member_invited(entry: &RecordedEntry) -> Parts {
    Parts { before: "Invited ".into(), ..member_added(entry) }
}

/// "Contained Priya Raman, with 3 keys to check".
pub(super) fn member_contained(entry: &RecordedEntry) -> Parts {
    let after = match entry.details().get("keys").and_then(Value::as_i64) {
        Some(0) => ", with no keys to check".into(),
        Some(1) => ", with 1 key to check".into(),
        Some(keys) => format!(", with {keys} keys to check"),
        None => String::new(),
    };
    Parts::around("Contained ", after)
}

/// "Imported 3 scopes".
pub(super) fn scopes_imported(entry: &RecordedEntry) -> Parts {
    let count = entry.changes().iter().map(|change| change.to.split(", ").count()).sum::<usize>();
    Parts::plain(format!("Imported {count} {}", if count == 1 { "scope" } else { "scopes" }))
}

/// "Changed default lifetime from 90 days to 30 days; user name to latchkey".
pub(super) fn settings_changed(entry: &RecordedEntry) -> Parts {
    let changes: Vec<String> = entry.changes().iter().map(setting).collect();
    Parts::plain(format!("Changed {}", changes.join("; ")))
}

/// "Asked for a test message to ines@example.com".
pub(super) fn mail_tested(entry: &RecordedEntry) -> Parts {
    let recipient = detail(entry, "recipient").unwrap_or_default();
    Parts::plain(format!("Asked for a test message to {recipient}"))
}

/// From the event's name: "Changed role X: removed orders:write (3 keys)".
pub(super) fn generic(entry: &RecordedEntry) -> Parts {
    let Some((kind, done)) = entry.event.split_once('.') else {
        return Parts::plain(text::visible(&entry.event, MAX_LENGTH));
    };
    let verb = if done == "edited" { "changed" } else { done };
    let kind = if kind == "api_key" { "key" } else { kind };
    let start = capital(&text::visible(&format!("{verb} {kind}"), MAX_LENGTH).replace('_', " "));
    let what: Vec<String> = entry.changes().iter().map(change).collect();
    let what = if what.is_empty() { String::new() } else { format!(": {}", what.join("; ")) };
    let keys = match entry.details().get("keys").and_then(Value::as_i64) {
        Some(1) => " (1 key)".into(),
        Some(keys) if keys > 1 => format!(" ({keys} keys)"),
        _ => String::new(),
    };
    if entry.subject_id.is_some() {
        Parts::around(format!("{start} "), what + keys.as_str())
    } else {
        Parts::plain(start + what.as_str() + keys.as_str())
    }
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

pub(super) fn detail(entry: &RecordedEntry, name: &str) -> Option<String> {
    entry.details().get(name)?.as_str().map(|value| text::visible(value, MAX_LENGTH))
}

/// A change as part of a longer sentence.
pub(super) fn change(change: &Change) -> String {
    match (list_difference(change), difference(change)) {
        (Some(what), _) if change.field == "Scopes" => what,
        (_, Some(what)) => format!("{} {what}", field(&change.field)),
        (_, None) => field(&change.field),
    }
}

/// A change after the word "Changed".
fn setting(change: &Change) -> String {
    let field = field(&change.field);
    let Some((from, to)) = short_values(change) else { return field };
    match (from.as_str(), to.as_str()) {
        ("", to) => format!("{field} to {to}"),
        (from, "") => format!("{field} from {from} to none"),
        (from, to) => format!("{field} from {from} to {to}"),
    }
}

/// How a value changed, if a short description is possible.
fn difference(change: &Change) -> Option<String> {
    if let Some(difference) = list_difference(change) {
        return Some(difference);
    }
    let (from, to) = short_values(change)?;
    Some(match (from.as_str(), to.as_str()) {
        ("", to) => format!("set to {to}"),
        (_, "") => "removed".into(),
        (from, to) => format!("from {from} to {to}"),
    })
}

/// The old and the new value, if both are short. Of secrets, only the change is of interest.
fn short_values(change: &Change) -> Option<(String, String)> {
    let is_short = |value: &str| value.chars().count() <= MAX_LENGTH && !value.contains('\n');
    let (from, to) = (&change.from, &change.to);
    let is_shown = is_short(from) && is_short(to) && !SECRETS.contains(&change.field.as_str());
    is_shown.then(|| (text::visible(from, MAX_LENGTH), text::visible(to, MAX_LENGTH)))
}

/// What was added to and removed from a list of addresses or scopes.
fn list_difference(change: &Change) -> Option<String> {
    if !LISTS.contains(&change.field.as_str()) {
        return None;
    }
    let (from, to) = items(&change.from).zip(items(&change.to))?;
    let among = |some: &[&str], others: &[&str]| -> Vec<String> {
        let differing = some.iter().filter(|item| !others.contains(item));
        differing.map(|item| text::visible(item, MAX_LENGTH)).collect()
    };
    lists(&change.field, &among(&to, &from), &among(&from, &to))
}

/// The items of a list of addresses or scopes; `None` for prose.
fn items(value: &str) -> Option<Vec<&str>> {
    let items: Vec<&str> = value.split(", ").filter(|item| !item.is_empty()).collect();
    items.iter().all(|item| item.contains([':', '.']) && !item.contains(' ')).then_some(items)
}

fn lists(field: &str, added: &[String], removed: &[String]) -> Option<String> {
    // Scopes have meaningful names; for addresses, the number is enough.
    let is_few = field == "Scopes" && added.len() + removed.len() <= 3;
    let part = |verb: &str, items: &[String]| {
        let items = match items.len() {
            0 => return None,
            _ if is_few => list(items),
            count => count.to_string(),
        };
        Some(format!("{verb} {items}"))
    };
    let parts: Vec<String> =
        [part("added", added), part("removed", removed)].into_iter().flatten().collect();
    let noun = match (field, removed.len().max(added.len())) {
        ("IP whitelist", 1) => " address",
        ("IP whitelist", _) => " addresses",
        ("Scopes", _) if !is_few => " scopes",
        _ => "",
    };
    (!parts.is_empty()).then(|| parts.join(", ") + noun)
}

/// A form label within a sentence: "Key Name" becomes "name", and "Client ID" becomes "client ID".
fn field(label: &str) -> String {
    let label = text::visible(label, MAX_LENGTH);
    let label = label.strip_prefix("Key ").unwrap_or(&label);
    if label == "Expires at" {
        return "expiry".into();
    }
    let is_abbreviation = |word: &str| word.chars().nth(1).is_some_and(char::is_uppercase);
    let word = |word: &str| if is_abbreviation(word) { word.into() } else { word.to_lowercase() };
    label.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// "a, b and c".
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// "21 February 2027" as `21 Feb 2027`, the format of tables.
fn short(date: &str) -> String {
    let parts: Vec<&str> = date.split(' ').collect();
    match parts.as_slice() {
        [day, month, year] if month.is_ascii() && month.len() > 3 => {
            format!("{day} {} {year}", &month[..3])
        }
        _ => date.to_owned(),
    }
}

#[cfg(test)]
#[path = "sentence_tests.rs"]
mod tests;
