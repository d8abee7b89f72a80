//! The search and the filters above a list of keys.

use super::query::Filters;
use crate::base::text;
use crate::domain::api_keys::Environment;
use crate::domain::roles::Role;
use crate::web::list::Choice;

/// How much of an owner or a label in the address is shown, in characters.
const MAX_SHOWN: usize = 160;

pub(super) struct FilterBar {
    /// The path of the list.
    pub action: &'static str,
    /// The parameters that a search keeps.
    pub kept: Vec<(String, String)>,
    pub search: String,
    pub roles: Vec<Choice>,
    pub environments: Vec<Choice>,
    pub narrowed_by: Vec<NarrowedBy>,
}

/// A filter without a control of its own.
pub(super) struct NarrowedBy {
    pub what: &'static str,
    pub value: String,
    /// The list without this filter.
    pub href: String,
}

impl FilterBar {
    pub(super) fn new(filters: &Filters, roles: &[Role]) -> Self {
        Self {
            action: filters.path(),
            kept: filters.kept(),
            search: filters.search.clone(),
            roles: role_choices(roles, &filters.role),
            environments: environment_choices(filters.environment),
            narrowed_by: narrowed_by(filters),
        }
    }
}

pub(super) fn role_choices(roles: &[Role], chosen: &str) -> Vec<Choice> {
    roles.iter().map(|role| Choice::new(&role.slug, &role.name, chosen)).collect()
}

fn environment_choices(chosen: Option<Environment>) -> Vec<Choice> {
    let chosen = chosen.map_or("", |one| one.as_str());
    Environment::ALL.map(|one| Choice::new(one.as_str(), one.label(), chosen)).into()
}

/// The owner and the label that restrict the list, each with the URL of the list without it.
fn narrowed_by(filters: &Filters) -> Vec<NarrowedBy> {
    let without_owner = Filters { owner: String::new(), ..filters.clone() };
    let without_label = Filters { label: String::new(), ..filters.clone() };
    [("Owner", &filters.owner, without_owner), ("Label", &filters.label, without_label)]
        .into_iter()
        .filter(|(_, value, _)| !value.is_empty())
        .map(|(what, value, without)| NarrowedBy {
            what,
            value: text::visible(value, MAX_SHOWN),
            href: without.href(),
        })
        .collect()
}
