//! Groups of denied requests for templates, on the list of all and on the page of a key.

use super::words::{Remedy, advice, reason, remedy};
use crate::base::clock::Timestamp;
use crate::base::text::thousands;
use crate::domain::api_keys::Details;
use crate::domain::usage::denials::{Denial, SourceGroup};
use crate::pages::Viewer;
use crate::web::time_view::TimeView;

/// Denied requests with the same key, reason and address.
pub struct DenialGroupView {
    pub reason: String,
    pub advice: &'static str,
    /// The id and the name of the key.
    pub key: Option<(String, String)>,
    pub address: String,
    /// The number of requests.
    pub count: String,
    /// When the first of several requests came.
    pub first: Option<TimeView>,
    pub last: TimeView,
    pub requests: Vec<RequestView>,
    /// The page with all stored requests, if there are more.
    pub all: Option<String>,
    pub remedy: Option<Remedy>,
}

/// A denied request.
pub struct RequestView {
    pub id: String,
    /// `GET /orders/1`.
    pub line: String,
    pub time: TimeView,
    /// The number of similar requests at that time, which were not stored.
    pub similar: Option<String>,
}

impl DenialGroupView {
    /// A group of the key with these details.
    pub fn new(group: &SourceGroup, details: Option<&Details>, viewer: &Viewer) -> Self {
        let (total, now) = (&group.total, viewer.now);
        let key = total.key_id.map(|id| {
            let name = details.map_or(id.as_str(), |details| details.key.name.as_str());
            (id.as_str().to_owned(), name.to_owned())
        });
        let has_more =
            usize::try_from(total.stored).is_ok_and(|stored| stored > group.requests.len());
        let latest = group.requests.first().filter(|_| has_more);
        Self {
            reason: reason(total.reason, &total.detail),
            advice: advice(total, details),
            key,
            address: total.address.clone().unwrap_or_else(|| "–".into()),
            count: thousands(total.count.unsigned_abs()),
            first: (total.first_at < total.last_at)
                .then(|| TimeView::day_and_time(total.first_at, now)),
            last: TimeView::day_and_time(total.last_at, now),
            requests: group.requests.iter().map(|denied| RequestView::new(denied, now)).collect(),
            all: latest.map(|latest| format!("/usage/denials/{}", latest.request_id)),
            remedy: remedy(total, details, viewer),
        }
    }
}

impl RequestView {
    pub fn new(denied: &Denial, now: Timestamp) -> Self {
        Self {
            id: denied.request_id.clone(),
            line: denied.line.clone(),
            time: TimeView::day_and_time(denied.at, now),
            similar: (denied.count > 1).then(|| thousands(denied.count.unsigned_abs() - 1)),
        }
    }
}
