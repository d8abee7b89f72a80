//! What the ID token says about a person.
//!
//! Pure: `protocol` has verified the token.

use openidconnect::{AdditionalClaims, ExtraTokenFields};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::clock::Timestamp;

/// How many groups are read at most. Entra sends up to 200, and others as many as fit into a token.
const MAX_GROUPS: usize = 1_000;

/// The claims that the standard does not name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OtherClaims(pub Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

/// The fields of a token response that the standard does not name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct SessionFields {
    /// After how many seconds the session at the provider ends.
    pub session_expires_in: Option<u32>,
}

impl ExtraTokenFields for SessionFields {}

/// The groups of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Groups {
    Listed(Vec<String>),
    /// The token says nothing about groups.
    Missing,
    /// There are so many groups that the token only says where they could be asked for.
    TooMany,
}

/// A person, as a verified ID token describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub issuer: String,
    /// Identifies the person at the provider, for ever.
    pub subject: String,
    /// The address, if the provider has verified that it belongs to the person.
    pub verified_email: Option<String>,
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Groups,
    /// When they last showed the provider who they are.
    pub authenticated_at: Option<Timestamp>,
    /// After how many seconds the session at the provider ends.
    pub session_expires_in: Option<u32>,
}

/// The groups in the claim at `path`, as `groups` or `realm_access.roles`. A name with dots is also
/// looked for as a whole, because claims of some providers are URLs.
pub(super) fn groups(claims: &OtherClaims, path: &str) -> Groups {
    let Some(value) = claims.0.get(path).or_else(|| at(&claims.0, path)) else {
        return if is_elsewhere(claims, path) { Groups::TooMany } else { Groups::Missing };
    };
    match value {
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).take(MAX_GROUPS);
            Groups::Listed(names.map(str::to_owned).collect())
        }
        // Some providers send a single group as a text.
        Value::String(name) => Groups::Listed(vec![name.clone()]),
        _ => Groups::Missing,
    }
}

fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let Some((first, rest)) = path.split_once('.') else { return claims.get(path) };
    claims.get(first)?.as_object().and_then(|inner| at(inner, rest))
}

/// Whether the token only says where the claim could be asked for (OpenID Connect Core 5.6.2). Entra
/// does so for members of more than about 200 groups, or sends `hasgroups`.
fn is_elsewhere(claims: &OtherClaims, path: &str) -> bool {
    let names = claims.0.get("_claim_names").and_then(Value::as_object);
    names.is_some_and(|names| names.contains_key(path))
        || (path == "groups" && claims.0.get("hasgroups").is_some_and(|has| *has == true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn groups_in(claims: Value, path: &str) -> Groups {
        groups(&serde_json::from_value(claims).expect("claims"), path)
    }

    fn listed(names: &[&str]) -> Groups {
        Groups::Listed(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn groups_are_found_by_a_path_or_by_a_whole_name() {
        let keycloak = json!({ "realm_access": { "roles": ["a", "b", 3] } });
        assert_eq!(groups_in(keycloak.clone(), "realm_access.roles"), listed(&["a", "b"]));
        assert_eq!(groups_in(keycloak, "realm_access.groups"), Groups::Missing);
        let auth0 = json!({ "https://example.com/groups": ["a"] });
        assert_eq!(groups_in(auth0, "https://example.com/groups"), listed(&["a"]));
        assert_eq!(groups_in(json!({ "groups": "a" }), "groups"), listed(&["a"]));
        assert_eq!(groups_in(json!({ "groups": [] }), "groups"), listed(&[]));
        for other in [json!({}), json!({ "groups": null }), json!({ "groups": 7 })] {
            assert_eq!(groups_in(other, "groups"), Groups::Missing);
        }
    }

    #[test]
    fn too_many_groups_are_told_from_no_claim() {
        let overage = json!({
            "_claim_names": { "groups": "src1" },
            "_claim_sources": { "src1": { "endpoint": "https://graph.windows.net/x" } }
        });
        assert_eq!(groups_in(overage.clone(), "groups"), Groups::TooMany);
        assert_eq!(groups_in(overage, "roles"), Groups::Missing);
        assert_eq!(groups_in(json!({ "hasgroups": true }), "groups"), Groups::TooMany);
    }

    proptest! {
        #[test]
        fn any_path_is_safe(path in ".{0,40}", names in prop::collection::vec(".{0,5}", 0..4)) {
            let claims = json!({ "a": { "b": names } });
            let found = groups_in(claims, &path);
            prop_assert_eq!(found != Groups::Missing, path == "a.b");
        }
    }
}
