//! Values that a link to the edit dialog fills in: an added scope or address, a removed scope, or
//! the addresses seen recently. Filling in saves nothing.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::form::Fields;
use crate::domain::api_keys::Details;
use crate::domain::usage::AllowedRequests;

/// The maximum number of values of each kind.
const MAX_ADDED: usize = 100;

/// The values to fill in.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Prefill {
    #[serde(rename = "add_scope", deserialize_with = "words")]
    add_scopes: Vec<String>,
    #[serde(rename = "remove_scope", deserialize_with = "words")]
    remove_scopes: Vec<String>,
    #[serde(rename = "add_address", deserialize_with = "words")]
    add_addresses: Vec<IpAddr>,
    /// `seen` to add the addresses seen recently.
    fill: String,
}

/// The first space-separated words of all values of a parameter that can be parsed.
fn words<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let values = Vec::<String>::deserialize(deserializer)?;
    let words = values.iter().flat_map(|value| value.split(' ')).filter(|word| !word.is_empty());
    Ok(words.filter_map(|word| word.parse().ok()).take(MAX_ADDED).collect())
}

impl Prefill {
    /// The values that a button in the dialog fills in: addresses, or what its word stands for.
    pub(super) fn pressed(button: &str) -> Self {
        let addresses = button.split(' ').filter_map(|word| word.parse().ok()).take(MAX_ADDED);
        Self { add_addresses: addresses.collect(), fill: button.into(), ..Self::default() }
    }

    /// Fills in the values. Scopes that are not in the role cannot be added.
    pub(super) fn apply(&self, fields: &mut Fields, details: &Details, passed: &AllowedRequests) {
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

/// Adds the addresses that are missing in the IP whitelist, each as a line.
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
