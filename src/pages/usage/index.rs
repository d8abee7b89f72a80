//! `/usage`: the outcomes of the requests with all keys.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{Figures, Parameters, reason};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::domain::api_keys::{self, ApiKey, count_text};
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage::{self, Busy, Period};
use crate::pages::{Allowed, Viewer};
use crate::web::query::Query;
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

/// The number of keys in each table.
const KEYS: i64 = 10;

#[derive(Template)]
#[template(path = "usage/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    figures: Figures,
    period: Period,
    used: String,
    unused_count: String,
    busiest: Vec<Busiest>,
    unused: Vec<Unused>,
    reasons: Vec<Reason>,
}

struct Busiest {
    id: String,
    name: String,
    environment: &'static str,
    passed: String,
    denied: String,
}

struct Unused {
    id: String,
    name: String,
    environment: &'static str,
    used: Option<TimeView>,
    created: TimeView,
}

struct Reason {
    code: &'static str,
    text: String,
    count: String,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    parameters: Query<Parameters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (period, now) = (parameters.0.period, viewer.now);
    let found = site.db.read(move |c| {
        let since = period.start(now);
        let busiest = usage::busiest(c, period, now, KEYS)?;
        let ids: Vec<&str> = busiest.iter().map(|busy| busy.key_id.as_str()).collect();
        let keys = api_keys::by_ids(c, &ids)?;
        let counts = api_keys::count_used(c, since, now)?;
        let unused = api_keys::unused(c, since, now, KEYS)?;
        Ok((usage::of_all(c, period, now)?, busiest, keys, counts, unused))
    });
    let (series, busiest, keys, (used, unused_count), unused) = found.await?;
    page::ok(&Index {
        viewer: &viewer,
        figures: Figures::new(&series, None, now),
        period,
        used: count_text(used),
        unused_count: count_text(unused_count),
        busiest: busiest.iter().map(|busy| busy_view(busy, &keys)).collect(),
        unused: unused.iter().map(|key| unused_view(key, now)).collect(),
        reasons: series
            .reasons
            .iter()
            .map(|(outcome, count)| Reason {
                code: outcome.as_str(),
                text: reason(*outcome, ""),
                count: thousands(count.unsigned_abs()),
            })
            .collect(),
    })
}

fn busy_view(busy: &Busy, keys: &[ApiKey]) -> Busiest {
    let key = keys.iter().find(|key| key.id == busy.key_id);
    Busiest {
        id: busy.key_id.as_str().into(),
        name: key.map_or(busy.key_id.as_str(), |key| key.name.as_str()).into(),
        environment: key.map_or("", |key| key.environment.label()),
        passed: thousands(busy.passed.unsigned_abs()),
        denied: thousands(busy.denied.unsigned_abs()),
    }
}

fn unused_view(key: &ApiKey, now: Timestamp) -> Unused {
    Unused {
        id: key.id.as_str().into(),
        name: key.name.as_str().into(),
        environment: key.environment.label(),
        used: key.last_used_at.map(|at| TimeView::ago(at, now)),
        created: TimeView::date(key.created_at),
    }
}
