//! The words for why a key needs attention, and what can be done.

use super::list::Action;
use super::other_concerns::{NAME_TAKEN, STORED};
use crate::base::clock::{Timestamp, ago_within, short_date};
use crate::base::text::thousands;
use crate::domain::api_keys::{ApiKey, Status};
use crate::domain::attention::Reason;
use crate::domain::members::Permission;
use crate::domain::usage::Outcome;
use crate::pages::Viewer;
use crate::pages::api_keys::origin::Origin;

const ENDS_WITH_OLD_SECRETS: &str =
    "It stops when the operator of Latchkey ends old secrets. Rotate the key first";
const NEEDS_INTROSPECTION: &str =
    "Full access no longer includes it. Give it a role with latchkey:introspect";

pub(super) fn icon_and_class(reason: &Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::InactiveSecretUsed { .. }
        | Reason::ScheduleSkipped
        | Reason::SecretStored
        | Reason::IntrospectionEnded => ("triangle-alert", "why-red"),
        Reason::Expiring(_) => ("clock", "why-amber"),
        Reason::DeniedOften { .. } => ("ban", "why-red"),
        Reason::FormerMasterKey => ("refresh-cw", "why-amber"),
        Reason::RotationDue => ("refresh-cw", "why-blue"),
        Reason::NameTaken => ("info", "why-amber"),
        Reason::OverlapCanEnd => ("circle-check", "why-blue"),
        Reason::CreatorLeft => ("info", ""),
        Reason::NeverUsed | Reason::Unused => ("circle-dashed", ""),
    }
}

pub(super) fn why(reason: &Reason) -> String {
    match reason {
        Reason::InactiveSecretUsed { outcome, .. } => match outcome {
            Outcome::KeyRevoked => "Revoked key still in use".into(),
            Outcome::KeyExpired => "Expired key still in use".into(),
            Outcome::KeyDisabled => "Disabled key still in use".into(),
            _ => "Expired secret still in use".into(),
        },
        Reason::ScheduleSkipped => "Still disabled after its scheduled time".into(),
        Reason::SecretStored => "A secret key is stored in its name or notes".into(),
        Reason::IntrospectionEnded => "It can no longer introspect other keys".into(),
        Reason::Expiring(0) => "Expires today".into(),
        Reason::Expiring(1) => "Expires in 1 day".into(),
        Reason::Expiring(days) => format!("Expires in {days} days"),
        Reason::DeniedOften { .. } => "Many denied requests".into(),
        Reason::FormerMasterKey => "Secret from before the master key was rotated".into(),
        Reason::RotationDue => "Rotation due".into(),
        Reason::NameTaken => "Another key has the same name".into(),
        Reason::OverlapCanEnd => "Old secret no longer used".into(),
        Reason::CreatorLeft => "Creator is no longer a member".into(),
        Reason::NeverUsed => "Never used".into(),
        Reason::Unused => "Not used for 90 days".into(),
    }
}

pub(super) fn detail(key: &ApiKey, reason: &Reason, now: Timestamp) -> String {
    match reason {
        Reason::InactiveSecretUsed { outcome, count, last, address } => {
            let from = address.as_ref().map(|address| format!(" from {address}"));
            let last = ago_within(*last, now);
            let requests = requests(*outcome, *count);
            format!("{requests}. Latest {last}{}", from.unwrap_or_default())
        }
        Reason::ScheduleSkipped => {
            format!("Disabled for this reason: {}", key.disabling.reason)
        }
        Reason::DeniedOften { outcome, count } => {
            let most = match outcome {
                Outcome::ScopeMissing => "a missing scope",
                Outcome::AddressNotAllowed => "the IP whitelist",
                _ => "the environment",
            };
            format!("{}, most because of {most}", requests(*outcome, *count))
        }
        Reason::SecretStored => STORED.into(),
        Reason::NameTaken => NAME_TAKEN.into(),
        Reason::IntrospectionEnded => NEEDS_INTROSPECTION.into(),
        Reason::FormerMasterKey => ENDS_WITH_OLD_SECRETS.into(),
        Reason::RotationDue => {
            format!("Secret created on {}", short_date(key.secret_created_at.date()))
        }
        Reason::OverlapCanEnd => {
            "The new secret is in use, and the old one has been idle for longer than usual".into()
        }
        Reason::Unused => key
            .last_used_at
            .map_or(String::new(), |at| format!("Last used on {}", short_date(at.date()))),
        Reason::Expiring(_) => match key.last_used_at {
            Some(at) => format!("Last used {}", ago_within(at, now)),
            None => "Never used".into(),
        },
        Reason::CreatorLeft => "Make sure that someone still looks after it".into(),
        Reason::NeverUsed => String::new(),
    }
}

fn requests(outcome: Outcome, count: i64) -> String {
    let number = thousands(count.unsigned_abs());
    match (outcome, count) {
        (Outcome::KeyDisabled, 1) => "1 request since it was disabled".into(),
        (Outcome::KeyDisabled, _) => format!("{number} requests since it was disabled"),
        (_, 1) => "1 denied request in 7 days".into(),
        _ => format!("{number} denied requests in 7 days"),
    }
}

/// What to do; a dialog returns to the page `origin`.
pub(super) fn action(
    viewer: &Viewer,
    key: &ApiKey,
    reason: &Reason,
    origin: &Origin,
) -> Option<Action> {
    let (id, query) = (key.id.as_str(), origin.query());
    let link = |label, href| Some(Action { label, href, is_danger: false });
    let may = |permission, action: Option<Action>| action.filter(|_| viewer.may(permission));
    match reason {
        Reason::InactiveSecretUsed { .. } if key.status(viewer.now) == Status::Expired => {
            may(Permission::UpdateKeys, link("Rotate", format!("/api-keys/{id}/rotate{query}")))
        }
        Reason::InactiveSecretUsed { outcome: Outcome::KeyDisabled, .. }
        | Reason::ScheduleSkipped => {
            may(Permission::UpdateKeys, link("Enable", format!("/api-keys/{id}/enable{query}")))
        }
        Reason::InactiveSecretUsed { .. } => {
            link("See Requests", format!("/usage/denials?key={id}&period=7d"))
        }
        Reason::DeniedOften { .. } => link("See Why", format!("/diagnosis?q={id}")),
        Reason::Expiring(_) | Reason::FormerMasterKey | Reason::RotationDue => {
            may(Permission::UpdateKeys, link("Rotate", format!("/api-keys/{id}/rotate{query}")))
        }
        Reason::SecretStored | Reason::IntrospectionEnded | Reason::NameTaken => {
            may(Permission::UpdateKeys, link("Edit", format!("/api-keys/{id}/edit{query}")))
        }
        Reason::OverlapCanEnd => may(
            Permission::UpdateKeys,
            link("Stop Old Secret", format!("/api-keys/{id}/stop-old-secret{query}")),
        ),
        Reason::Unused if viewer.may(Permission::UpdateKeys) => {
            link("Disable", format!("/api-keys/bulk/disable{query}&keys={id}"))
        }
        Reason::NeverUsed | Reason::Unused => {
            let href = format!("/api-keys/{id}/revoke{query}");
            may(Permission::DeleteKeys, Some(Action { label: "Revoke", href, is_danger: true }))
        }
        Reason::CreatorLeft => link("Open Key", format!("/api-keys/{id}")),
    }
}
