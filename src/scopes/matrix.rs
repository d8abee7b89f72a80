//! Scopes as a table: a row for each resource, a column for each operation.

use std::collections::BTreeSet;

use super::Scope;

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
    #[must_use]
    pub fn new(scopes: &[Scope], chosen: &BTreeSet<String>) -> Self {
        let mut operations = vec!["read".to_owned(), "write".to_owned()];
        let mut resources: Vec<&Scope> = Vec::new();
        for scope in scopes {
            if !operations.contains(&scope.operation) {
                operations.push(scope.operation.clone());
            }
            if !resources.iter().any(|other| other.resource == scope.resource) {
                resources.push(scope);
            }
        }
        let cell = |resource: &str, operation: &String| {
            let scope =
                scopes.iter().find(|s| s.resource == resource && s.operation == *operation)?;
            Some(Cell { scope: scope.name.clone(), checked: chosen.contains(&scope.name) })
        };
        let rows = resources
            .iter()
            .map(|first| MatrixRow {
                label: capitalised(&first.resource),
                description: first.description.clone(),
                cells: operations
                    .iter()
                    .map(|operation| cell(&first.resource, operation))
                    .collect(),
            })
            .collect();
        Self {
            operations: operations.iter().map(|operation| capitalised(operation)).collect(),
            rows,
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
