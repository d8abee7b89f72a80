//! A role as a person enters it, and the checks that turn it into values.

use std::collections::BTreeSet;

use super::{Role, slug};
use crate::base::error::Invalid;
use crate::base::text::{self, TypedText};
use crate::domain::scopes::Scope;

/// The longest name, in characters.
const MAX_NAME_LENGTH: usize = 80;
/// The longest description, in characters.
const MAX_DESCRIPTION_LENGTH: usize = 200;

/// The role form as it was submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    /// The name by which gateways refer to a new role; if empty, it is made from the name.
    pub slug: String,
    /// The role's purpose; may be empty.
    pub description: String,
    pub scopes: Vec<String>,
}

#[derive(Debug)]
pub(super) struct ValidDraft {
    pub name: String,
    /// The slug of a new role; empty for a role that is edited.
    pub slug: String,
    pub description: String,
    pub scopes: BTreeSet<String>,
}

impl Draft {
    /// Checks the form against the existing scopes, the role that it edits, and the other roles.
    pub(super) fn check(
        &self,
        scopes: &[Scope],
        before: Option<&Role>,
        others: &[Role],
    ) -> Result<ValidDraft, Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.collect("name", self.check_name(before, others));
        let slug = match (before, &name) {
            (Some(_), _) => Ok(String::new()),
            // No slug can be made from an invalid name, but a slug that was typed is checked anyway.
            (None, None) if self.slug.trim().is_empty() => Ok(String::new()),
            (None, name) => slug::choose(&self.slug, name.as_deref().unwrap_or_default(), others),
        };
        let slug = invalid.collect("slug", slug);
        let stored = before.map_or("", |role| &role.description);
        let description = TypedText::replacing(&self.description, stored);
        let description = text::one_line(description, "Description", MAX_DESCRIPTION_LENGTH);
        let description = invalid.collect("description", description);
        let scopes = invalid.collect("scopes", self.check_scopes(scopes));
        match (name, slug, description, scopes) {
            (Some(name), Some(slug), Some(description), Some(scopes)) => {
                Ok(ValidDraft { name, slug, description, scopes })
            }
            _ => Err(invalid),
        }
    }

    fn check_name(&self, before: Option<&Role>, others: &[Role]) -> Result<String, String> {
        let typed = TypedText::replacing(&self.name, before.map_or("", |role| &role.name));
        let name = text::one_line(typed, "Role name", MAX_NAME_LENGTH)?;
        if name.is_empty() {
            return Err("Enter a role name".into());
        }
        let folded = text::fold(&name);
        if others.iter().any(|other| text::fold(&other.name) == folded) {
            return Err(format!("Another role is already called {}", text::quoted(&name)));
        }
        Ok(name)
    }

    fn check_scopes(&self, all: &[Scope]) -> Result<BTreeSet<String>, String> {
        let chosen: BTreeSet<String> = self.scopes.iter().cloned().collect();
        let exists = |name: &&String| all.iter().any(|scope| scope.name == **name);
        match chosen.iter().find(|name| !exists(name)) {
            Some(other) => {
                text::without_secret(other)?;
                let shown = text::visible(other, MAX_NAME_LENGTH);
                Err(format!("There is no scope “{shown}”. Choose from the list"))
            }
            None if chosen.is_empty() => Err("Choose at least one scope".into()),
            None => Ok(chosen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scopes::Resource;

    fn check(draft: &Draft) -> Result<ValidDraft, Invalid> {
        let scopes = [Resource::new("orders", "").expect("a resource").scope("read")];
        let others = [Role::custom("role_1", "billing", "Billing", "", BTreeSet::new())];
        draft.check(&scopes, None, &others)
    }

    fn draft() -> Draft {
        let scopes = vec!["orders:read".into()];
        Draft { name: " Auditor ".into(), scopes, ..Draft::default() }
    }

    #[test]
    fn a_name_and_a_scope_are_enough() {
        let checked = check(&draft()).expect("valid");
        assert_eq!((checked.name.as_str(), checked.scopes.len()), ("Auditor", 1));
    }

    #[test]
    fn all_errors_are_reported_together() {
        let bad = Draft { description: "x".repeat(201), ..Draft::default() };
        let fields: Vec<_> = check(&bad).expect_err("invalid").0.iter().map(|e| e.field).collect();
        assert_eq!(fields, ["name", "description", "scopes"]);
    }

    #[test]
    fn names_are_unique_ignoring_case_and_scopes_must_exist() {
        let message_of = |draft: &Draft, field| {
            check(draft).expect_err("invalid").messages(field).next().expect("an error").to_owned()
        };
        let taken = Draft { name: "BILLING".into(), ..draft() };
        assert_eq!(message_of(&taken, "name"), "Another role is already called “BILLING”");
        let wide = Draft { name: "Ｂilling".into(), ..draft() };
        assert_eq!(message_of(&wide, "name"), "Another role is already called “Ｂilling”");
        let unknown =
            Draft { scopes: vec!["orders:read".into(), "orders:\u{202e}".into()], ..draft() };
        assert_eq!(
            message_of(&unknown, "scopes"),
            "There is no scope “orders:”. Choose from the list"
        );
    }
}
