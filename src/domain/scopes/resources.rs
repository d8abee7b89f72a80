//! Groups scopes by the resource that they belong to.

use super::Scope;

/// A resource and its scopes.
#[derive(Clone, Debug)]
pub struct ByResource<'a> {
    /// For example `orders`.
    pub name: &'a str,
    /// The description that all of its scopes share; empty if they differ.
    pub description: &'a str,
    /// Its scopes, in the organisation's order.
    pub scopes: Vec<&'a Scope>,
}

impl ByResource<'_> {
    /// For example `Orders`.
    pub fn label(&self) -> String {
        capitalised(self.name)
    }
}

/// Groups `scopes` by resource, in the organisation's order.
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

/// `word` with its first letter in upper case.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scopes::Resource;

    #[test]
    fn a_resource_gets_the_description_that_its_scopes_share() {
        let scope = |resource: &str, operation: &str, text: &str| {
            Resource::new(resource, text).expect("a resource").scope(operation)
        };
        let scopes = [
            scope("orders", "read", "Sales orders"),
            scope("invoices", "read", "Read invoices"),
            scope("orders", "write", "Sales orders"),
            scope("invoices", "write", "Issue invoices"),
        ];
        let resources: Vec<_> = by_resource(&scopes)
            .iter()
            .map(|r| (r.label(), r.description.to_owned(), r.scopes.len()))
            .collect();
        assert_eq!(
            resources,
            [("Orders".into(), "Sales orders".into(), 2), ("Invoices".into(), String::new(), 2)]
        );
    }
}
