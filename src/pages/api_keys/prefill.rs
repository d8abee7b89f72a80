//! What a link to the edit dialog asks to be filled in: a scope or an address more, a scope less,
//! the addresses seen lately. Nothing is saved by it.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::form::Fields;
use crate::domain::api_keys::Details;
use crate::domain::usage::Passed;

/// How many of each are read.
const MOST: usize = 100;

/// What is to be filled in.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Prefill {
    #[serde(rename = "add_scope", deserialize_with = "words")]
    add_scopes: Vec<String>,
    #[serde(rename = "remove_scope", deserialize_with = "words")]
    remove_scopes: Vec<String>,
    #[serde(rename = "add_address", deserialize_with = "words")]
    add_addresses: Vec<IpAddr>,
    /// `seen` when the addresses seen lately are to be added.
    fill: String,
}

/// The first words of all values with one name that can be read.
fn words<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let values = Vec::<String>::deserialize(deserializer)?;
    let words = values.iter().flat_map(|value| value.split(' ')).filter(|word| !word.is_empty());
    Ok(words.filter_map(|word| word.parse().ok()).take(MOST).collect())
}

impl Prefill {
    /// What a button in the dialog asks for.
    pub(super) fn pressed(button: &str) -> Self {
        Self { fill: button.into(), ..Self::default() }
    }

    /// Fills it in. What the role does not include cannot be added.
    pub(super) fn apply(&self, fields: &mut Fields, details: &Details, passed: &Passed) {
        let role = &details.role.scopes;
        let is_narrowed = fields.access == "selected";
        if !self.remove_scopes.is_empty() {
            if !is_narrowed {
                fields.access = "selected".into();
                fields.scopes = role.iter().cloned().collect();
            }
            fields.scopes.retain(|scope| !self.remove_scopes.contains(scope));
        }
        if is_narrowed {
            for scope in self.add_scopes.iter().filter(|scope| role.contains(*scope)) {
                if !fields.scopes.contains(scope) {
                    fields.scopes.push(scope.clone());
                }
            }
        }
        add_addresses(fields, &self.add_addresses);
        if self.fill == "seen" {
            let seen: Vec<IpAddr> = passed.addresses.iter().map(|seen| seen.address).collect();
            add_addresses(fields, &seen);
        }
    }
}

/// Adds lines to the IP whitelist for those addresses that have none.
fn add_addresses(fields: &mut Fields, addresses: &[IpAddr]) {
    for address in addresses.iter().map(IpAddr::to_canonical) {
        let known = fields.ip_whitelist.lines().filter_map(|line| line.trim().parse().ok());
        if known.map(|known: IpAddr| known.to_canonical()).any(|known| known == address) {
            continue;
        }
        let list = fields.ip_whitelist.trim_end();
        let separator = if list.is_empty() { "" } else { "\n" };
        fields.ip_whitelist = format!("{list}{separator}{address}");
    }
}
