//! Records requests that a member was not permitted to make: a line in the log for each, and a
//! count by member and hour that becomes an activity entry. ASVS 16.3.2.
//!
//! This is the only place that does so: gates and handlers respond with the missing permission.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};

use crate::base::error::Result;
use crate::domain::activity::{self, Context, Occurrence, TallyKind};
use crate::domain::members::Permission;
use crate::web::Site;
use crate::web::error_page::Denial;

/// The word for a reason that is not a single permission.
const OTHER_REASON: &str = "another reason";

/// The author of a request, after a gate has read the member.
#[derive(Clone)]
pub(super) struct Requester(pub Context);

/// Records the response if it is a denial. The response does not change, even if the denial cannot
/// be counted.
pub async fn record(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let response = next.call(request).await?;
    let denial = response.response().extensions().get::<Denial>().cloned();
    let Some(Denial(missing)) = denial else { return Ok(response) };
    let requester = response.request().extensions().get::<Requester>().cloned();
    let site = response.request().app_data::<web::Data<Site>>().cloned();
    if let (Some(Requester(context)), Some(site)) = (requester, site) {
        let address = context.origin.address.map(|address| address.to_string());
        tracing::warn!(
            member = context.actor.id(),
            address,
            permission = missing.as_str(),
            "access denied"
        );
        if let Err(error) = count(&site, context, missing).await {
            tracing::warn!(%error, "a denied request could not be counted");
        }
    }
    Ok(response)
}

async fn count(site: &Site, context: Context, missing: String) -> Result<()> {
    let counted = site.db.write(move |tx| {
        let permission =
            missing.parse::<Permission>().map_or(OTHER_REASON, |permission| permission.as_str());
        let denial = Occurrence {
            kind: TallyKind::DenialsByMember,
            subject_id: context.actor.id().unwrap_or_default(),
            subject_name: context.actor.name(),
            part: Some(permission),
        };
        activity::count(tx, &denial, context.now)
    });
    counted.await.map(|_| ())
}
