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

    /// How many scopes can be selected.
    pub fn count(&self) -> usize {
        self.cells().count()
    }

    /// How many scopes are checked.
    pub fn checked(&self) -> usize {
        self.cells().filter(|cell| cell.checked).count()
    }

    /// Which cells have a scope in `included`, row by row: a hexadecimal digit for each four, the
    /// first of them in its lowest bit. It stays short however many roles and scopes there are.
    pub fn mask(&self, included: &BTreeSet<String>) -> String {
        let bits: Vec<bool> = self.cells().map(|cell| included.contains(&cell.scope)).collect();
        let digit = |four: &[bool]| {
            let bits = four.iter().enumerate();
            char::from_digit(bits.map(|(place, bit)| u32::from(*bit) << place).sum(), 16)
        };
        bits.chunks(4).filter_map(digit).collect()
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|row| row.cells.iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scopes::Resource;

    fn matrix(names: &[&str], checked: &[&str]) -> Matrix {
        let scopes: Vec<_> = names
            .iter()
            .filter_map(|name| name.split_once(':'))
            .map(|(resource, operation)| {
                Resource::new(resource, "").expect("a resource").scope(operation)
            })
            .collect();
        Matrix::new(&scopes, &checked.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn rows_are_resources_and_columns_are_operations_with_read_and_write_first() {
        let matrix = matrix(&["orders:cancel", "orders:write", "invoices:read"], &["orders:write"]);
        assert_eq!(matrix.operations, ["Read", "Write", "Cancel"]);
        let cells: Vec<Vec<_>> = matrix
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|c| c.as_ref().map(|c| c.checked)).collect())
            .collect();
        assert_eq!(cells, [[None, Some(true), Some(false)], [Some(false), None, None]]);
        assert_eq!((matrix.checked(), matrix.count()), (1, 3));
    }

    #[test]
    fn a_mask_has_a_bit_for_each_cell_from_left_to_right_and_top_to_bottom() {
        let matrix = matrix(
            &["orders:write", "orders:read", "invoices:read", "stock:read", "stock:delete"],
            &[],
        );
        let mask = |names: &[&str]| matrix.mask(&names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(mask(&[]), "00");
        assert_eq!(mask(&["orders:read"]), "10");
        assert_eq!(mask(&["orders:write", "stock:read"]), "a0");
        assert_eq!(mask(&["stock:delete", "other:read"]), "01");
        let all = ["orders:read", "orders:write", "invoices:read", "stock:read", "stock:delete"];
        assert_eq!(mask(&all), "f1");
    }
}
