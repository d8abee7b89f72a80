//! Explanations of what cannot be undone: a key was revoked, has expired, or is for another
//! environment.

use super::words::{Explanation, Facts, moment};
use crate::base::clock::long_date;
use crate::domain::api_keys::{ApiKey, FollowUp};
use crate::domain::diagnosis::CurrentKey;
use crate::domain::members::Permission;
use crate::domain::usage::Outcome;
use crate::pages::api_keys::dialog_over_page;

pub(super) fn environment(key: &ApiKey) -> Explanation {
    Explanation::new(
        "Key of another environment",
        &[&format!(
            "The key is for {}, and the gateway asks for keys of another environment. Use a key that \
             was created for that one, or correct “environment” in the gateway’s configuration.",
            key.environment.label()
        )],
    )
}

pub(super) fn revoked(key: &CurrentKey, facts: &Facts<'_>) -> Explanation {
    let by = key.revoked_by.as_deref().map(|name| format!(" by {name}")).unwrap_or_default();
    let at = key.details.key.revoked_at.map(|at| format!(" on {}", moment(at))).unwrap_or_default();
    let text = format!("It was revoked{by}{at}, and that cannot be undone. Create another key.");
    let mut explanation = Explanation::new("Key revoked", &[&text]);
    duplicate(&mut explanation, &key.details.key, facts);
    explanation
}

pub(super) fn disabled(current: &CurrentKey, facts: &Facts<'_>) -> Explanation {
    let key = &current.details.key;
    if key.revoked_at.is_some() {
        return revoked(current, facts);
    }
    let at = key.disabling.at.map(|at| format!(" on {}", moment(at))).unwrap_or_default();
    let next = match key.disabling.scheduled() {
        Some((FollowUp::Enable, at)) => format!("It will be enabled on {}.", moment(at)),
        Some((FollowUp::Revoke, at)) => format!("It will be revoked on {}.", moment(at)),
        None => "It passes nothing until somebody enables it.".into(),
    };
    let text = if key.disabling.at.is_none() {
        "It was disabled at that time, and is enabled again.".to_owned()
    } else {
        format!(
            "It was disabled{at}. Reason: {}. {next}",
            key.disabling.reason.trim_end_matches('.')
        )
    };
    let mut explanation = Explanation::new("Key disabled", &[&text]);
    if key.disabling.at.is_some() {
        let href = format!("/api-keys/{}/enable", key.id.as_str());
        explanation.link(facts, Permission::UpdateKeys, href, "Enable the key");
    }
    explanation
}

pub(super) fn expired(key: &ApiKey, facts: &Facts<'_>) -> Explanation {
    let day = long_date(key.expires_at.last_day());
    // The secret may have ended before its key, or the key may have been extended since.
    let text = if key.expires_at <= facts.now {
        format!("Its last day was {day} (UTC), and its date cannot be changed any more. ")
    } else {
        "This secret key had expired. ".to_owned()
    };
    let text = text + "Rotate the key to give it a new secret key and a new date.";
    let mut explanation = Explanation::new("Key expired", &[&text]);
    let href = dialog_over_page(&key.id, "rotate");
    explanation.link(facts, Permission::UpdateKeys, href, "Rotate the key");
    explanation
}

fn duplicate(explanation: &mut Explanation, key: &ApiKey, facts: &Facts<'_>) {
    let href = format!("/api-keys/new?from={}", key.id.as_str());
    explanation.link(facts, Permission::CreateKeys, href, "Create a copy of the key");
}

pub(super) fn since(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::KeyRevoked => "Since then the key was revoked.",
        Outcome::KeyDisabled => "Since then the key was disabled.",
        Outcome::SecretSuperseded => "Since then this secret key was replaced.",
        _ => "Since then the key has expired.",
    }
}
