//! `/usage/denials`: denied requests.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::reason;
use crate::base::clock::{Timestamp, day_and_time};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::base::word::word;
use crate::db::keyset::Page;
use crate::domain::api_keys::{self, KeyId};
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage::denials::{self, Denial, DenialScope, Filter};
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
    is_narrowed: bool,
    reasons: Vec<Choice>,
    periods: Vec<Choice>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    reason: String,
    attempts: Option<String>,
    line: String,
    key: Option<(String, String)>,
    address: String,
    request_id: String,
    when: String,
    at: String,
}

/// The filters of the list.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    #[serde(rename = "key")]
    whose: DenialScope,
    reason: Option<Outcome>,
    period: Period,
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
        let page = denials::list(c, &filter, cursor.as_ref())?;
        let ids: Vec<&str> =
            page.rows.iter().filter_map(|d| d.key_id.as_ref()).map(KeyId::as_str).collect();
        let keys = api_keys::by_ids(c, &ids)?.into_iter();
        let names = keys.map(|key| (key.id, key.name.as_str().to_owned())).collect();
        Ok((page, names))
    });
    let (found, names) = found.await?;
    page::ok(&Denials::new(&viewer, &list, &found, &names))
}

impl<'a> Denials<'a> {
    fn new(
        viewer: &'a Viewer,
        list: &ListQuery<Filters>,
        page: &Page<Denial>,
        names: &BTreeMap<KeyId, String>,
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
        Self {
            viewer,
            key: scope_word(&filters.whose).into(),
            is_narrowed: filters.whose != DenialScope::Everybody || filters.reason().is_some(),
            reasons: reasons.collect(),
            periods: periods.into(),
            rows: page.rows.iter().map(|denied| row(denied, names, viewer.now)).collect(),
            pager: list.pager(PATH, page),
        }
    }
}

fn row(denied: &Denial, names: &BTreeMap<KeyId, String>, now: Timestamp) -> Row {
    let key = denied.key_id.map(|id| {
        let name = names.get(&id).map_or(id.as_str(), String::as_str);
        (id.as_str().to_owned(), name.to_owned())
    });
    Row {
        reason: reason(denied.reason, &denied.detail),
        attempts: (denied.count > 1).then(|| thousands(denied.count.unsigned_abs())),
        line: denied.line.clone(),
        key,
        address: denied.address.clone().unwrap_or_else(|| "–".into()),
        request_id: denied.request_id.clone(),
        when: day_and_time(denied.at, now),
        at: denied.at.rfc_3339(),
    }
}

impl Filters {
    /// The reason, if it is one for which requests are denied.
    fn reason(&self) -> Option<Outcome> {
        self.reason.filter(|reason| *reason != Outcome::Pass)
    }

    fn filter(&self, now: Timestamp) -> Filter {
        let since = self.period.start(now);
        Filter { scope: self.whose.clone(), reason: self.reason(), since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::query;

    #[test]
    fn what_is_written_reads_back() {
        let href = "/usage/denials?key=key_0123456789AB&reason=scope_missing&period=90d\
                    &before=25%7Ereq_0123456789ABCDEF%7E1795435200000";
        let list: ListQuery<Filters> = ListQuery::read(&href["/usage/denials?".len()..]);
        assert_eq!(list.href(PATH), href);
        assert_eq!(query::read::<Filters>("key=none").whose, DenialScope::Strangers);
        let nothing: Filters = query::read("key=nobody&reason=pass&period=1y");
        assert_eq!((nothing.whose.clone(), nothing.reason(), nothing.period), Default::default());
    }
}
