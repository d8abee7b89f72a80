//! How many keys gain access when scopes are added, for forms and notices.

use crate::domain::api_keys::count_text;
use crate::domain::api_keys::gains::Gains;
use crate::domain::members::Permission;
use crate::domain::roles::Role;
use crate::domain::scopes::{Resource, Scope};
use crate::pages::Viewer;

/// The maximum number of scopes that a notice names.
const NAMED: usize = 3;

/// The line above the buttons of a form that adds scopes.
pub(super) struct GainsView {
    pub parts: Vec<Part>,
    /// The slug and the name of each role whose keys gain access; empty if the viewer may not view
    /// keys.
    pub roles: Vec<(String, String)>,
    /// Which scopes the built-in roles include, as `every read or write scope`.
    pub covered: &'static str,
    /// Whether the form adds one scope, so that the parts are alternatives.
    pub is_choice: bool,
    /// Whether scopes other than read scopes were left out of the selection.
    pub is_cautious: bool,
    /// Whether the form was submitted with other numbers.
    pub is_asking: bool,
}

/// The keys that gain one kind of access.
pub(super) struct Part {
    /// What joins it to the part before.
    pub joint: &'static str,
    /// `24 keys`.
    pub keys: String,
    /// `read access`.
    pub access: &'static str,
}

impl GainsView {
    /// The line for a form that adds some of `scopes`; `None` if no key gains any of them.
    pub(super) fn new(
        gains: &Gains,
        scopes: &[Scope],
        is_asking: bool,
        viewer: &Viewer,
    ) -> Option<Self> {
        let counts = kinds(scopes).into_iter().map(|(kind, of)| (kind, gains.count(of[0])));
        let part = |(kind, count): (Kind, i64)| Part {
            joint: ", ",
            keys: keys(count),
            access: kind.access(),
        };
        let mut parts: Vec<_> = counts.filter(|(_, count)| *count > 0).map(part).collect();
        parts.last_mut()?.joint = " and ";
        parts[0].joint = "";
        let link = |role: &Role| (role.slug.clone(), role.name.clone());
        let roles = gains.roles(scopes).filter(|_| viewer.may(Permission::ViewKeys)).map(link);
        let roles = roles.collect();
        let has_other = parts.iter().any(|part| part.access == Kind::Other.access());
        let covered = if has_other { "every such scope" } else { "every read or write scope" };
        Some(Self { covered, parts, roles, is_choice: false, is_cautious: false, is_asking })
    }

    /// The line for a form that adds one scope, whose operation is not known yet.
    pub(super) fn of_any_scope(gains: &Gains, is_asking: bool, viewer: &Viewer) -> Option<Self> {
        let resource = Resource::new("any", "").ok()?;
        let scopes = ["read", "write", "other"].map(|operation| resource.scope(operation));
        let mut view = Self::new(gains, &scopes, is_asking, viewer)?;
        view.is_choice = true;
        if let [_, .., last] = &mut view.parts[..] {
            last.joint = " or ";
        }
        Some(view)
    }
}

/// What the keys of a built-in role can do with a scope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Other,
}

impl Kind {
    fn of(scope: &Scope) -> Self {
        match scope.operation.as_str() {
            "read" => Self::Read,
            "write" => Self::Write,
            _ => Self::Other,
        }
    }

    fn access(self) -> &'static str {
        match self {
            Self::Read => "read access",
            Self::Write => "write access",
            Self::Other => "any other access",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Other => "use",
        }
    }
}

/// The scopes of each kind, without kinds that have none. The same keys gain all scopes of a kind.
fn kinds(scopes: &[Scope]) -> Vec<(Kind, Vec<&Scope>)> {
    let of = |kind| (kind, scopes.iter().filter(|scope| Kind::of(scope) == kind).collect());
    let kinds: [(Kind, Vec<&Scope>); 3] = [Kind::Read, Kind::Write, Kind::Other].map(of);
    kinds.into_iter().filter(|(_, scopes)| !scopes.is_empty()).collect()
}

/// `24 keys can now read drivers and route-planning; 12 can write them.` Empty if no key gained a
/// scope.
pub(super) fn gained(added: &[Scope], gains: &Gains) -> String {
    let mut clauses: Vec<String> = Vec::new();
    let mut before: Vec<&str> = Vec::new();
    for (kind, scopes) in kinds(added) {
        let count = gains.count(scopes[0]);
        if count == 0 {
            continue;
        }
        let name = |scope: &&Scope| match kind {
            Kind::Other => scope.name.clone(),
            Kind::Read | Kind::Write => scope.resource.clone(),
        };
        let names: Vec<String> = scopes.iter().map(name).collect();
        let what = if names == before { "them".to_owned() } else { listed(&names) };
        let verb = kind.verb();
        clauses.push(if clauses.is_empty() {
            format!(" {} can now {verb} {what}", keys(count))
        } else {
            format!("{} can {verb} {what}", count_text(count))
        });
        before = scopes.iter().map(|scope| scope.resource.as_str()).collect();
    }
    if clauses.is_empty() { String::new() } else { clauses.join("; ") + "." }
}

/// `1 key` or `24 keys`.
fn keys(count: i64) -> String {
    if count == 1 { "1 key".into() } else { format!("{} keys", count_text(count)) }
}

/// `drivers, orders and invoices`, or `drivers, orders, invoices and 9 more`.
pub(super) fn listed(names: &[String]) -> String {
    let (shown, rest) = names.split_at(names.len().min(NAMED));
    match (shown, rest) {
        ([], _) => String::new(),
        ([one], []) => one.clone(),
        ([first @ .., last], []) => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", shown.join(", "), rest.len()),
    }
}
