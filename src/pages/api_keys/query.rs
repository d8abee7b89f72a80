//! The filters and the sort order of the table in its URL.

use serde::{Deserialize, Serialize};

use crate::domain::api_keys::{
    Direction, Environment, Filter, Labels, NO_OWNER, Owner, Sort, View,
};
use crate::domain::roles::Role;
use crate::web::list::ListQuery;
use crate::web::query;

/// The path of the table.
pub(super) const PATH: &str = "/api-keys";
/// The path of the keys that need attention.
pub(super) const ATTENTION: &str = "/attention";

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    #[serde(skip_serializing_if = "is_attention")]
    pub view: View,
    #[serde(rename = "q", deserialize_with = "query::search")]
    pub search: String,
    pub role: String,
    pub environment: Option<Environment>,
    pub owner: String,
    /// A label of the keys, as `name=value`.
    pub label: String,
    pub sort: Sort,
    #[serde(rename = "dir")]
    pub direction: Option<Direction>,
}

/// Whether the path says it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_attention(view: &View) -> bool {
    *view == View::Attention
}

impl Filters {
    /// The list at `path` with `query`; `None` if there is no list of keys.
    pub(super) fn list_at(path: &str, query: &str) -> Option<ListQuery<Self>> {
        let mut list = ListQuery::<Self>::read(query);
        match path {
            PATH => {}
            ATTENTION => list.filters.view = View::Attention,
            _ => return None,
        }
        Some(list)
    }

    /// The path of the list.
    pub(super) fn path(&self) -> &'static str {
        if is_attention(&self.view) { ATTENTION } else { PATH }
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction.unwrap_or_else(|| self.sort.default_direction())
    }

    /// The filter for the database. A role that does not exist matches no keys, and neither does an
    /// owner or a label that no key can have.
    pub(super) fn filter(&self, roles: &[Role]) -> Filter {
        let id_of =
            |slug: &str| roles.iter().find(|role| role.slug == slug).map(|role| role.id.clone());
        Filter {
            view: self.view,
            search: self.search.clone(),
            role_id: (!self.role.is_empty()).then(|| id_of(&self.role).unwrap_or_default()),
            environment: self.environment,
            owner: self.owner(),
            label: self.label(),
            sort: self.sort,
            direction: self.direction(),
        }
    }

    /// No key has an owner that is not valid.
    fn owner(&self) -> String {
        let owner = Owner::parse(&self.owner);
        owner.map_or(NO_OWNER.into(), |owner| owner.as_str().to_owned())
    }

    /// No key has a label that is not valid, nor one without a name.
    fn label(&self) -> Option<(String, String)> {
        if self.label.is_empty() {
            return None;
        }
        let labels = Labels::parse(&self.label).unwrap_or_default();
        let (name, value) = labels.iter().next().unwrap_or_default();
        Some((name.to_owned(), value.to_owned()))
    }

    /// The URL of the list.
    pub(super) fn href(&self) -> String {
        query::href(self.path(), &query::pairs(self))
    }

    /// The parameters that a search keeps.
    pub(super) fn kept(&self) -> Vec<(String, String)> {
        let (search, role, environment) = Default::default();
        query::pairs(&Self { search, role, environment, ..self.clone() })
    }

    /// The same table in another view.
    pub(super) fn with_view(&self, view: View) -> Self {
        Self { view, ..self.clone() }
    }

    /// The same table sorted by `sort`; if it is sorted by it already, in the other direction.
    pub(super) fn with_sort(&self, sort: Sort) -> Self {
        let usual = sort.default_direction();
        let direction = match (self.sort == sort, self.direction()) {
            (true, Direction::Ascending) => Direction::Descending,
            (true, Direction::Descending) => Direction::Ascending,
            (false, _) => usual,
        };
        Self { sort, direction: (direction != usual).then_some(direction), ..self.clone() }
    }

    /// Whether anything except the view and the search restricts the list.
    pub(super) fn has_choices(&self) -> bool {
        !self.role.is_empty()
            || self.environment.is_some()
            || !self.owner.is_empty()
            || !self.label.is_empty()
    }

    /// The same view without search and filters.
    pub(super) fn cleared(&self) -> Self {
        Self { view: self.view, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = "view=expired&q=a%26b&role=billing&environment=staging&sort=name&dir=desc";
        let filters: Filters = query::read(text);
        assert_eq!(filters.href(), format!("/api-keys?{text}"));
        let kept = filters.kept().into_iter().map(|(name, _)| name);
        assert_eq!(kept.collect::<Vec<_>>(), ["view", "sort", "dir"]);
    }

    #[test]
    fn sorting_again_reverses_the_order() {
        let filters = Filters::default();
        assert_eq!(filters.with_sort(Sort::Created).href(), "/api-keys?dir=asc");
        assert_eq!(filters.with_sort(Sort::Name).href(), "/api-keys?sort=name");
        assert_eq!(
            filters.with_sort(Sort::Name).with_sort(Sort::Name).href(),
            "/api-keys?sort=name&dir=desc"
        );
    }
}
