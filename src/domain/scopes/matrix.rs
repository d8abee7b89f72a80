//! Scopes as a table: a row for each resource, a column for each operation.

use std::collections::BTreeSet;

use super::{ByResource, Scope, by_resource, capitalised};

/// Resource × operation, with a tick in some cells.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The columns: read, write, then every other operation in use.
    pub operations: Vec<String>,
    /// The rows, in the organisation's order.
    pub rows: Vec<MatrixRow>,
}

/// A resource and what can be done with it.
#[derive(Clone, Debug)]
pub struct MatrixRow {
    /// `Orders`.
    pub label: String,
    /// What the resource is; may be empty.
    pub description: String,
    /// One for each column; `None` where there is no such scope.
    pub cells: Vec<Option<Cell>>,
}

/// A scope that can be ticked.
#[derive(Clone, Debug)]
pub struct Cell {
    /// `orders:read`.
    pub scope: String,
    /// Whether it is ticked.
    pub checked: bool,
}

impl Matrix {
    /// The matrix of `scopes`, with those in `chosen` ticked.
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
