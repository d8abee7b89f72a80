//! Scopes by the resource that they work on.

use super::Scope;

/// A resource and what can be done with it.
#[derive(Clone, Debug)]
pub struct ByResource<'a> {
    /// `orders`.
    pub name: &'a str,
    /// What all of its scopes say they are for, when they say the same; else empty.
    pub description: &'a str,
    /// Its scopes, in the organisation's order.
    pub scopes: Vec<&'a Scope>,
}

impl ByResource<'_> {
    /// `Orders`.
    pub fn label(&self) -> String {
        capitalised(self.name)
    }
}

/// `scopes` by resource, in the organisation's order.
pub fn by_resource(scopes: &[Scope]) -> Vec<ByResource<'_>> {
    let mut resources: Vec<ByResource<'_>> = Vec::new();
    for scope in scopes {
        match resources.iter_mut().find(|resource| resource.name == scope.resource) {
            Some(resource) => {
                if resource.description != scope.description {
                    resource.description = "";
                }
                resource.scopes.push(scope);
            }
            None => resources.push(ByResource {
                name: &scope.resource,
                description: &scope.description,
                scopes: vec![scope],
            }),
        }
    }
    resources
}

/// `word` with a capital letter in front.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scopes::Resource;

    #[test]
    fn what_all_scopes_of_a_resource_say_is_said_of_the_resource() {
        let scope = |resource: &str, operation: &str, text: &str| {
            Resource::new(resource, text).expect("a resource").scope(operation)
        };
        let scopes = [
            scope("orders", "read", "Sales orders"),
            scope("invoices", "read", "Read invoices"),
            scope("orders", "write", "Sales orders"),
            scope("invoices", "write", "Issue invoices"),
        ];
        let told: Vec<_> = by_resource(&scopes)
            .iter()
            .map(|r| (r.label(), r.description.to_owned(), r.scopes.len()))
            .collect();
        assert_eq!(
            told,
            [("Orders".into(), "Sales orders".into(), 2), ("Invoices".into(), String::new(), 2)]
        );
    }
}
