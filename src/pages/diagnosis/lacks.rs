//! Explanations of what a key lacks but can be given: a scope, or an address in its whitelist.

use url::form_urlencoded;

use super::words::{Explained, Facts};
use crate::domain::api_keys::{ApiKey, Details};
use crate::domain::diagnosis::{KeyNow, MissingScope, Retry};
use crate::domain::members::Permission;
use crate::domain::roles::Role;

pub(super) fn scopes(
    missing: &[(String, MissingScope)],
    details: &Details,
    facts: &Facts<'_>,
) -> Explained {
    let names: Vec<&str> = missing.iter().map(|(scope, _)| scope.as_str()).collect();
    let mut explained = match names.as_slice() {
        [] => Explained::new(
            "Scope missing",
            &["The gateway asked for a scope that the key does not have. Which one was not kept."],
        ),
        [name] => Explained::new(format!("Scope missing: {name}"), &[]),
        names => Explained::new(format!("Scopes missing: {}", names.join(", ")), &[]),
    };
    for (scope, lack) in missing {
        lacking(&mut explained, scope, *lack, details, facts);
    }
    explained
}

fn lacking(
    explained: &mut Explained,
    scope: &str,
    lack: MissingScope,
    details: &Details,
    facts: &Facts<'_>,
) {
    let role = &details.role.name;
    let said = match lack {
        MissingScope::NowGranted => format!("The key has {scope} now."),
        MissingScope::NotTicked => {
            add(explained, &details.key, ("add_scope", scope), format!("Add {scope}"), facts);
            format!("The role “{role}” could give it: tick {scope} under Edit.")
        }
        MissingScope::NotInRole => {
            let label = "Choose another role".to_owned();
            add(explained, &details.key, ("add_scope", scope), label, facts);
            let or = change_role(explained, &details.role, facts);
            format!("The role “{role}” does not include {scope}. Choose another role{or}.")
        }
        MissingScope::NoSuchScope => {
            explained.link(facts, Permission::ManageRoles, "/scopes", "See all scopes");
            format!(
                "There is no scope {scope} here. Look for a typo in the gateway’s configuration, or \
                 add the scope."
            )
        }
    };
    explained.say(said);
}

/// Links to a custom role; built-in roles cannot be changed.
fn change_role(explained: &mut Explained, role: &Role, facts: &Facts<'_>) -> &'static str {
    if role.is_built_in() {
        return "";
    }
    let (href, label) =
        (format!("/roles/{}/edit", role.slug), format!("Edit the role “{}”", role.name));
    explained.link(facts, Permission::ManageRoles, href, label);
    ", or change the role"
}

pub(super) fn whitelist(
    address: Option<&str>,
    again: Retry,
    key: &KeyNow,
    facts: &Facts<'_>,
) -> Explained {
    let mut explained = Explained::new("Address not in the IP whitelist", &[]);
    let Some(address) = address else {
        explained.say(
            "No address was told that could be compared, so the request was refused. A trusted proxy \
             must send the client’s address as X-Forwarded-For; a service that introspects must send \
             client_ip.",
        );
        return explained;
    };
    if again == Retry::Passes {
        explained.say(format!("The key may be used from {address} now."));
        return explained;
    }
    explained.say(format!(
        "The request came from {address}, which is not in the key’s IP whitelist. Add it under Edit \
         if it is yours."
    ));
    let label = format!("Add {address}");
    add(&mut explained, &key.details.key, ("add_address", address), label, facts);
    explained
}

/// Links to the edit dialog, with a scope or an address to add; a revoked key cannot be edited.
fn add(
    explained: &mut Explained,
    key: &ApiKey,
    (name, value): (&str, &str),
    label: String,
    facts: &Facts<'_>,
) {
    if key.revoked_at.is_some() {
        return;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair("behind", "key").append_pair(name, value).finish();
    let href = format!("/api-keys/{}/edit?{query}", key.id.as_str());
    explained.link(facts, Permission::UpdateKeys, href, label);
}
