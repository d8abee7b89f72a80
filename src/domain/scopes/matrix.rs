//! Scopes as a table, with a row for each resource and a column for each operation.

use std::collections::BTreeSet;

use super::{ByResource, Scope, by_resource, capitalised};

/// A table of resources and operations, with a checkbox for each scope.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The columns: read, write, then every other operation in use.
    pub operations: Vec<String>,
    /// The rows, in the organisation's order.
    pub rows: Vec<MatrixRow>,
}

/// A resource and its operations.
#[derive(Clone, Debug)]
pub struct MatrixRow {
    /// For example `Orders`.
    pub label: String,
    /// The resource's description; may be empty.
    pub description: String,
    /// One cell for each column; `None` where the scope does not exist.
    pub cells: Vec<Option<Cell>>,
}

/// A scope that can be selected.
#[derive(Clone, Debug)]
pub struct Cell {
    /// For example `orders:read`.
    pub scope: String,
    pub checked: bool,
}

impl Matrix {
    /// The matrix of `scopes`, with those in `chosen` checked.
    pub fn new(scopes: &[Scope], chosen: &BTreeSet<String>) -> Self {
        let mut operations = vec!["read".to_owned(), "write".to_owned()];
        for scope in scopes {
            if !operations.contains(&scope.operation) {
                operations.push(scope.operation.clone());
            }
        }
        let cell = |resource: &ByResource<'_>, operation: &String| {
            let scope = resource.scopes.iter().find(|scope| scope.operation == *operation)?;
            Some(Cell { scope: scope.name.clone(), checked: chosen.contains(&scope.name) })
        };
        let rows = by_resource(scopes)
            .iter()
            .map(|resource| MatrixRow {
                label: resource.label(),
                description: resource.description.to_owned(),
                cells: operations.iter().map(|operation| cell(resource, operation)).collect(),
            })
            .collect();
        Self { operations: operations.iter().map(|name| capitalised(name)).collect(), rows }
    }
}
