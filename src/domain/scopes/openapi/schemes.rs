//! The OAuth2 scopes of a document's security schemes, with their descriptions.

use serde_json::Value;

/// Name and description of every scope, including duplicates.
pub(super) fn scopes(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let schemes =
        [document.pointer("/components/securitySchemes"), document.get("securityDefinitions")];
    let schemes =
        schemes.into_iter().flatten().filter_map(Value::as_object).flat_map(|map| map.values());
    let oauth2 = schemes.filter(|scheme| scheme.get("type").is_some_and(|kind| kind == "oauth2"));
    let lists = oauth2.flat_map(|scheme| {
        let flows = scheme.get("flows").and_then(Value::as_object);
        let flows = flows.into_iter().flat_map(|flows| flows.values());
        flows.chain([scheme]).filter_map(|flow| flow.get("scopes")?.as_object())
    });
    lists
        .flatten()
        .map(|(name, description)| (name.as_str(), description.as_str().unwrap_or_default()))
}
