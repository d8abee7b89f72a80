//! The line above the buttons of a key's form that says what the key would be. `overview.js` writes
//! the same words while the form is filled in.

use super::form::Fields;
use super::grants::Grant;
use crate::base::clock::{DAY, Timestamp, parse_iso_date, short_date};
use crate::base::text::thousands;
use crate::domain::api_keys::Environment;

/// `Production · Read-only (6 scopes) · expires 26 Feb 2027 · any address`. Leaves out what the form
/// does not have.
pub(super) fn overview(fields: &Fields, grants: &[Grant], ticked: usize, now: Timestamp) -> String {
    let environment = Environment::parse(&fields.environment).map(|one| one.label().to_owned());
    let parts = [
        environment,
        Some(access(fields, grants, ticked)),
        expiry(fields, now),
        Some(addresses(&fields.ip_whitelist)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn access(fields: &Fields, grants: &[Grant], ticked: usize) -> String {
    let Some(role) = grants.iter().find(|grant| grant.slug == fields.role) else {
        return "no role".into();
    };
    let of = if fields.access == "selected" { format!("{ticked} of ") } else { String::new() };
    let scopes = if role.count == 1 { "scope" } else { "scopes" };
    format!("{} ({of}{} {scopes})", role.name, role.count)
}

fn expiry(fields: &Fields, now: Timestamp) -> Option<String> {
    let date = match fields.lifetime.parse::<i64>() {
        Ok(days @ 1..=366) => now.plus(days * DAY).date(),
        _ => parse_iso_date(fields.expires_on.trim()).filter(|date| *date >= now.date())?,
    };
    Some(format!("expires {}", short_date(date)))
}

fn addresses(whitelist: &str) -> String {
    match whitelist.lines().filter(|line| !line.trim().is_empty()).count() {
        0 => "any address".into(),
        1 => "1 address".into(),
        count => format!("{} addresses", thousands(count as u64)),
    }
}
