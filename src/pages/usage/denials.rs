//! `/usage/denials`: denied requests.

use std::borrow::Cow;
use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{DenialGroupView, reason, span};
use crate::base::clock::{Timestamp, long_date, parse_iso_date};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::base::word::word;
use crate::domain::api_keys::{self, Details, KeyId};
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage::denials::{
    self, DenialScope, Filter, MAX_GROUPED, SourceGroup, SourceGroups,
};
use crate::domain::usage::{Outcome, Period};
use crate::pages::{Allowed, Viewer};
use crate::web::list::{Choice, ListQuery, Pager};
use crate::web::{Site, page};

/// The path of the list.
const PATH: &str = "/usage/denials";
/// The word for requests without a valid secret.
const STRANGERS: &str = "none";

#[derive(Template)]
#[template(path = "usage/denials.html")]
struct Denials<'a> {
    viewer: &'a Viewer,
    key: String,
    day: String,
    /// `in the last 30 days`, `on 28 November 2026`.
    span: String,
    is_narrowed: bool,
    /// How many requests are grouped, if there are more.
    most: Option<String>,
    reasons: Vec<Choice>,
    periods: Vec<Choice>,
    groups: Vec<DenialGroupView>,
    pager: Pager,
}

/// The filters of the list.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    #[serde(rename = "key")]
    whose: DenialScope,
    reason: Option<Outcome>,
    period: Period,
    /// One day in place of the period: `2026-11-28`, or empty.
    #[serde(deserialize_with = "day")]
    day: String,
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    match parse_iso_date(&text) {
        Some(_) => Ok(text.into_owned()),
        None => Err(de::Error::custom("not a date")),
    }
}

word!(DenialScope, scope_word, |text| match text {
    STRANGERS => Some(Self::Strangers),
    id => KeyId::parse(id.trim()).map(Self::Key),
});

fn scope_word(whose: &DenialScope) -> &str {
    match whose {
        DenialScope::Everybody => "",
        DenialScope::Strangers => STRANGERS,
        DenialScope::Key(id) => id.as_str(),
    }
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    list: ListQuery<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (filter, cursor) = (list.filters.filter(viewer.now), list.cursor.clone());
    let found = site.db.read(move |c| {
        let found = denials::by_source(c, &filter, cursor.as_ref())?;
        let ids: Vec<&str> = found
            .page
            .rows
            .iter()
            .filter_map(|g| g.total.key_id.as_ref())
            .map(KeyId::as_str)
            .collect();
        let keys = api_keys::details_of(c, &ids)?;
        Ok((found, keys))
    });
    let (found, keys) = found.await?;
    page::ok(&Denials::new(&viewer, &list, &found, &keys))
}

impl<'a> Denials<'a> {
    fn new(
        viewer: &'a Viewer,
        list: &ListQuery<Filters>,
        SourceGroups { page, is_cut }: &SourceGroups,
        keys: &BTreeMap<String, Details>,
    ) -> Self {
        let filters = &list.filters;
        let is_kept = |outcome: &Outcome| *outcome != Outcome::Pass;
        let reasons = Outcome::ALL.into_iter().filter(is_kept).map(|outcome| Choice {
            value: outcome.as_str().into(),
            label: reason(outcome, ""),
            is_chosen: filters.reason() == Some(outcome),
        });
        let periods = Period::ALL.map(|period| Choice {
            value: period.as_str().into(),
            label: format!("Last {}", period.label()),
            is_chosen: filters.period == period,
        });
        let details = |group: &SourceGroup| keys.get(group.total.key_id?.as_str());
        Self {
            viewer,
            key: scope_word(&filters.whose).into(),
            day: filters.day.clone(),
            span: match parse_iso_date(&filters.day) {
                Some(day) => format!("on {}", long_date(day)),
                None => format!("in {}", span(filters.period)),
            },
            is_narrowed: filters.whose != DenialScope::Everybody
                || filters.reason().is_some()
                || !filters.day.is_empty(),
            most: is_cut.then(|| thousands(MAX_GROUPED.unsigned_abs())),
            reasons: reasons.collect(),
            periods: periods.into(),
            groups: page
                .rows
                .iter()
                .map(|group| DenialGroupView::new(group, details(group), viewer))
                .collect(),
            pager: list.pager(PATH, page),
        }
    }
}

impl Filters {
    /// The reason, if it is one for which requests are denied.
    fn reason(&self) -> Option<Outcome> {
        self.reason.filter(|reason| *reason != Outcome::Pass)
    }

    fn filter(&self, now: Timestamp) -> Filter {
        let (since, until) = match parse_iso_date(&self.day) {
            Some(day) => (Timestamp::start_of(day), Timestamp::end_of(day)),
            None => (self.period.start(now), Timestamp::from_millis(i64::MAX)),
        };
        Filter { scope: self.whose.clone(), reason: self.reason(), since, until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::query;

    #[test]
    fn what_is_written_reads_back() {
        let href = "/usage/denials?key=key_0123456789AB&reason=scope_missing&period=90d\
                    &day=2026-11-28&before=25%7Ereq_0123456789ABCDEF%7E1795435200000";
        let list: ListQuery<Filters> = ListQuery::read(&href["/usage/denials?".len()..]);
        assert_eq!(list.href(PATH), href);
        assert_eq!(query::read::<Filters>("key=none").whose, DenialScope::Strangers);
        let nothing: Filters = query::read("key=nobody&reason=pass&period=1y&day=2026-02-30");
        assert_eq!((nothing.whose.clone(), nothing.reason(), nothing.day), Default::default());
    }
}
