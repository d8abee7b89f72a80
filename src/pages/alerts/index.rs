//! `/alerts`: the open alerts and the closed ones.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::domain::alerts::{self, Alert, MAX_COUNTED, Rule};
use crate::domain::members::Permission;
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "alerts/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    /// Only on the first page of closed alerts.
    open: Option<Vec<Row>>,
    /// The number of open alerts shown, if there are more.
    most: Option<i64>,
    closed: Vec<Row>,
    pager: Pager,
    may_change: bool,
}

struct Row {
    id: String,
    rule: &'static str,
    title: String,
    detail: String,
    href: Option<String>,
    since: TimeView,
    closed: Option<TimeView>,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    list: ListQuery,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (cursor, now) = (list.cursor.clone(), viewer.now);
    let found = site.db.read(move |c| {
        let closed = alerts::closed(c, cursor.as_ref())?;
        let open = if closed.before.is_none() { Some(alerts::open(c, now)?) } else { None };
        Ok((open, closed))
    });
    let (open, closed) = found.await?;
    let is_cut = open.as_ref().is_some_and(|open| i64::try_from(open.len()) == Ok(MAX_COUNTED));
    let rows = |alerts: &[Alert]| alerts.iter().map(|alert| row(alert, viewer.now)).collect();
    page::ok(&Index {
        notice: viewer.take_notice(),
        open: open.map(|open| rows(&open)),
        most: is_cut.then_some(MAX_COUNTED),
        closed: rows(&closed.rows),
        pager: list.pager("/alerts", &closed),
        may_change: viewer.may(Permission::ManageSettings),
        viewer: &viewer,
    })
}

fn row(alert: &Alert, now: Timestamp) -> Row {
    Row {
        id: alert.id.clone(),
        rule: alert.rule.map_or("Another version’s rule", Rule::label),
        title: alert.title.clone(),
        detail: alert.detail.clone(),
        href: href(alert),
        since: TimeView::ago(alert.since, now),
        closed: alert.closed_at.map(|at| TimeView::day_and_time(at, now)),
    }
}

/// The page that shows the cause.
fn href(alert: &Alert) -> Option<String> {
    let key = alert.key_id.as_deref();
    match (alert.rule, key) {
        (Some(Rule::DenialBurst), Some(key)) => Some(format!("/diagnosis?q={key}")),
        (Some(Rule::InactiveSecret), Some(key)) => {
            Some(format!("/usage/denials?key={key}&period=7d"))
        }
        (_, Some(key)) => Some(format!("/api-keys/{key}")),
        (Some(Rule::UnknownKeys), None) => Some("/usage/denials?key=none&period=24h".into()),
        (Some(Rule::SignInFailures), None) => {
            // Failures for addresses that do not belong to a member are recorded there after the
            // hour ends.
            Some("/activity?event=session&period=7d".into())
        }
        (Some(Rule::MailServerChanged), None) => {
            Some("/activity?event=settings.mail_changed&period=7d".into())
        }
        (
            Some(Rule::RecoveryCodeUsed | Rule::SecondStepFailures | Rule::BreakGlassSignIn),
            None,
        ) => Some("/activity?event=session&period=7d".into()),
        (Some(Rule::MappingSkipped), None) => {
            Some("/activity?event=member.permissions_mapped&period=7d".into())
        }
        _ => None,
    }
}
