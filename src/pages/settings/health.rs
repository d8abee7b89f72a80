//! `/settings/health`: what is wrong with the installation, as `latchkey doctor` says it.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::base::error::{Error, Result};
use crate::doctor::{self, Finding, Installation, Level, Report};
use crate::domain::members::permission::ManageSettings;
use crate::pages::{Allowed, NoFields, Viewer};
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "settings/health.html")]
struct Health<'a> {
    viewer: &'a Viewer,
    rows: Vec<Row<'a>>,
    report: &'a Report,
    /// Without names, for an issue.
    copied: String,
    /// Whether all checks were run, or only those that take no time.
    is_complete: bool,
}

struct Row<'a> {
    finding: &'a Finding,
    badge: Badge,
}

struct Badge {
    class: &'static str,
    icon: &'static str,
    text: &'static str,
}

/// Runs the checks that take no time.
pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let report = examine(&site, false).await?;
    draw(&viewer, &report, false)
}

/// Runs all checks. A second submit runs them again, which changes nothing.
pub(super) async fn check(
    viewer: Allowed<ManageSettings>,
    _form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let report = examine(&site, true).await?;
    draw(&viewer, &report, true)
}

async fn examine(site: &web::Data<Site>, is_complete: bool) -> Result<Report> {
    let site = site.clone();
    let examine = move || {
        let installation = Installation {
            config: &site.config,
            public_url: &site.public_url,
            roots: &site.trusted_roots,
            clock: &site.clock,
        };
        let opened = Ok((site.db.clone(), site.keyring.clone()));
        let mut report = doctor::examine(&installation, &opened);
        if is_complete {
            doctor::examine_slowly(&installation, &opened, None, &mut report);
        }
        report
    };
    web::block(examine).await.map_err(Error::internal)
}

fn draw(viewer: &Viewer, report: &Report, is_complete: bool) -> Result<HttpResponse> {
    let mut rows: Vec<Row<'_>> = report
        .findings
        .iter()
        .map(|finding| Row { finding, badge: badge(finding.level) })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.finding.level));
    page::ok(&Health { viewer, rows, report, copied: report.without_names(), is_complete })
}

fn badge(level: Level) -> Badge {
    let (class, icon) = match level {
        Level::Fine => ("badge-active", "check"),
        Level::Warning => ("badge-soon", "triangle-alert"),
        Level::Error => ("badge-error", "circle-alert"),
    };
    Badge { class, icon, text: level.label() }
}
