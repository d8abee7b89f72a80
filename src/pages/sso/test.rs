//! `/settings/sso/test`: asks the saved provider for what it publishes.

use actix_web::{HttpResponse, web};

use super::PATH;
use crate::base::error::Result;
use crate::domain::sso::{self, SingleSignOn};
use crate::pages::{AllowedAll, NoFields};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

pub(super) async fn test(
    viewer: AllowedAll,
    form: Form<NoFields>,
    site: web::Data<Site>,
    single_sign_on: web::Data<SingleSignOn>,
) -> Result<HttpResponse> {
    let keyring = site.keyring.clone();
    let provider = site.db.read(move |c| sso::provider(c, &keyring)).await?;
    let Some(provider) = provider else { return Ok(page::see_other(PATH)) };
    // A second submit tests again, which changes nothing.
    drop(form);
    let answer = single_sign_on.into_inner().test(provider.issuer, viewer.now).await?;
    let notice = match answer {
        Ok(()) => Notice::done("The provider answered as expected."),
        Err(why) => Notice::warning(format!("The provider did not answer as expected. {why}")),
    };
    viewer.see_other(PATH, notice)
}
