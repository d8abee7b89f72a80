//! A scope as a person enters it, and the checks that turn it into a scope.

use super::scope::{MAX_DESCRIPTION_LENGTH, operation};
use super::{Resource, Scope};
use crate::base::error::Invalid;
use crate::base::text::{self, TypedText};

/// The form that adds a scope, as submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// For example `orders`.
    pub resource: String,
    /// For example `read`.
    pub operation: String,
    /// The scope's purpose; may be empty.
    pub description: String,
}

impl Draft {
    /// The scope's name if it is valid, even if other fields are not.
    pub(super) fn name(&self) -> Option<String> {
        let name_only = Self { description: String::new(), ..self.clone() };
        name_only.check().ok().map(|scope| scope.name)
    }

    /// The drafted scope.
    pub fn check(&self) -> Result<Scope, Invalid> {
        let mut invalid = Invalid::default();
        let text = description(&self.description);
        let resource = match self.resource.trim() {
            "" => Err("Enter a resource".to_owned()),
            name => Resource::new(name, text.as_deref().unwrap_or_default()),
        };
        let resource = invalid.collect("resource", resource);
        let operation = invalid.collect("operation", operation(&self.operation));
        let text = invalid.collect("description", text);
        match (resource, operation, text) {
            (Some(resource), Some(operation), Some(_)) => Ok(resource.scope(&operation)),
            _ => Err(invalid),
        }
    }
}

/// Checks a scope's description.
pub(super) fn description<'a>(typed: impl Into<TypedText<'a>>) -> Result<String, String> {
    text::one_line(typed, "Description", MAX_DESCRIPTION_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(resource: &str, operation: &str) -> Draft {
        let (resource, operation) = (resource.into(), operation.into());
        Draft { resource, operation, description: " Sales orders ".into() }
    }

    #[test]
    fn a_resource_and_an_operation_make_a_scope() {
        let scope = draft(" Orders", "READ ").check().expect("valid");
        assert_eq!(
            (scope.name.as_str(), scope.description.as_str()),
            ("orders:read", "Sales orders")
        );
        assert!(!scope.built_in && super::super::is_scope(&scope.name));
    }

    #[test]
    fn all_errors_are_reported_together() {
        let bad = Draft { description: "x".repeat(201), ..draft("", "a:b") };
        let fields: Vec<_> = bad.check().expect_err("invalid").0.iter().map(|e| e.field).collect();
        assert_eq!(fields, ["resource", "operation", "description"]);
        for (resource, operation) in [
            ("latchkey", "introspect"),
            ("1st", "read"),
            ("orders", ""),
            ("a b", "read"),
            ("a", "é"),
        ] {
            assert!(draft(resource, operation).check().is_err(), "{resource}:{operation}");
        }
    }
}
