//! Explanations of what a key lacks but can be given: a scope, or an address in its whitelist.

use url::form_urlencoded;

use super::words::{Explanation, Facts};
use crate::base::text;
use crate::domain::api_keys::{ApiKey, Details};
use crate::domain::diagnosis::{CurrentKey, MissingScope, Retry};
use crate::domain::members::Permission;
use crate::domain::roles::Role;
use crate::pages::api_keys::dialog_over_page;

pub(super) fn scopes(
    missing: &[(String, MissingScope)],
    details: &Details,
    facts: &Facts<'_>,
) -> Explanation {
    let names: Vec<&str> = missing.iter().map(|(scope, _)| scope.as_str()).collect();
    let mut explanation = match names.as_slice() {
        [] => Explanation::new(
            "Scope missing",
            &["The gateway asked for a scope that the key does not have. Which one was not kept."],
        ),
        [name] => Explanation::new(format!("Scope missing: {name}"), &[]),
        names => Explanation::new(format!("Scopes missing: {}", names.join(", ")), &[]),
    };
    for (scope, missing_scope) in missing {
        explain_scope(&mut explanation, scope, *missing_scope, details, facts);
    }
    explanation
}

fn explain_scope(
    explanation: &mut Explanation,
    scope: &str,
    missing_scope: MissingScope,
    details: &Details,
    facts: &Facts<'_>,
) {
    let role = &details.role.name;
    let text = match missing_scope {
        MissingScope::NowGranted => format!("The key has {scope} now."),
        MissingScope::NotSelected => {
            add(explanation, &details.key, ("add_scope", scope), format!("Add {scope}"), facts);
            format!("The role “{role}” could give it: tick {scope} under Edit.")
        }
        MissingScope::NotInRole => {
            let label = "Choose another role".to_owned();
            add(explanation, &details.key, ("add_scope", scope), label, facts);
            let or = change_role(explanation, &details.role, facts);
            format!("The role “{role}” does not include {scope}. Choose another role{or}.")
        }
        MissingScope::NoSuchScope => {
            explanation.link(facts, Permission::ManageRoles, "/scopes", "See all scopes");
            format!(
                "There is no scope {scope} here. Look for a typo in the gateway’s configuration, or \
                 add the scope."
            )
        }
    };
    explanation.add_text(text);
}

/// Links to a custom role; built-in roles cannot be changed.
fn change_role(explanation: &mut Explanation, role: &Role, facts: &Facts<'_>) -> &'static str {
    if role.is_built_in() {
        return "";
    }
    let (href, label) = (
        format!("/roles/{}/edit", role.slug),
        format!("Edit the role {}", text::quoted(&role.name)),
    );
    explanation.link(facts, Permission::ManageRoles, href, label);
    ", or change the role"
}

pub(super) fn whitelist(
    address: Option<&str>,
    retry: Retry,
    key: &CurrentKey,
    facts: &Facts<'_>,
) -> Explanation {
    let mut explanation = Explanation::new("Address not in the IP whitelist", &[]);
    let Some(address) = address else {
        explanation.add_text(
            "No valid client address was sent, so the request was denied. A trusted proxy must send \
             the client’s address as X-Forwarded-For; a service that introspects must send client_ip.",
        );
        return explanation;
    };
    if retry == Retry::Passes {
        explanation.add_text(format!("The key may be used from {address} now."));
        return explanation;
    }
    explanation.add_text(format!(
        "The request came from {address}, which is not in the key’s IP whitelist. Add it under Edit \
         if it is yours."
    ));
    let label = format!("Add {address}");
    add(&mut explanation, &key.details.key, ("add_address", address), label, facts);
    explanation
}

/// Links to the edit dialog, with a scope or an address to add; a revoked key cannot be edited.
fn add(
    explanation: &mut Explanation,
    key: &ApiKey,
    (name, value): (&str, &str),
    label: String,
    facts: &Facts<'_>,
) {
    if key.revoked_at.is_some() {
        return;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair(name, value).finish();
    let href = format!("{}&{query}", dialog_over_page(&key.id, "edit"));
    explanation.link(facts, Permission::UpdateKeys, href, label);
}
