//! The words for an endpoint and for a delivery on pages.

use crate::base::clock::{Timestamp, ago_within, day_and_month};
use crate::domain::webhooks::Endpoint;
use crate::domain::webhooks::delivery::Status;
use crate::web::time_view::TimeView;

/// A badge for templates.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    pub class: &'static str,
    /// The icon in the sprite; empty for a dot.
    pub icon: &'static str,
    pub text: &'static str,
}

impl Badge {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let (class, icon, text) = match endpoint {
            Endpoint { is_active: false, .. } => ("badge-expired", "circle-minus", "Paused"),
            Endpoint { failing_since: Some(_), .. } => ("badge-soon", "triangle-alert", "Failing"),
            Endpoint { last_attempt_at: None, .. } => {
                ("badge-never", "circle-dashed", "Nothing sent yet")
            }
            _ => ("badge-active", "", "Active"),
        };
        Self { class, icon, text }
    }

    pub(super) fn of_delivery(status: Status) -> Self {
        let (class, icon, text) = match status {
            Status::Queued => ("badge-never", "circle-dashed", "Queued"),
            Status::Retrying(_) => ("badge-soon", "clock", "Retrying"),
            Status::Sent(_) => ("badge-active", "check", "Delivered"),
            Status::GivenUp(_) => ("badge-expired", "circle-alert", "Failed"),
        };
        Self { class, icon, text }
    }
}

/// `Delivered 2 min ago`, `Failing since 30 Nov, 14:06`; `None` if nothing was sent yet.
pub(super) fn last(endpoint: &Endpoint, now: Timestamp) -> Option<TimeView> {
    match (endpoint.failing_since, endpoint.last_attempt_at) {
        (Some(since), _) => Some(TimeView::new(format!("Failing since {}", moment(since)), since)),
        (None, Some(at)) => Some(TimeView::new(format!("Delivered {}", ago_within(at, now)), at)),
        (None, None) => None,
    }
}

/// `30 Nov, 14:06`, UTC.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{}, {}", day_and_month(at.date()), at.time_of_day())
}
