//! What happens when a dialog's form is sent.

use actix_web::{HttpRequest, HttpResponse, web};

use super::frame::Stage;
use super::{Dialog, Input, draw};
use crate::base::error::{Error, Result};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

/// What a dialog has done: where that leads, and what the next page says of it.
pub struct Done {
    location: String,
    fragment: String,
    notice: Notice,
}

impl Done {
    /// Leads to `location`, where a second submit of the form leads as well.
    pub fn at(location: impl Into<String>, notice: Notice) -> Self {
        Self { location: location.into(), fragment: String::new(), notice }
    }

    /// Leads to the element with `id` there, as a second submit does not.
    pub fn with_fragment(self, id: &str) -> Self {
        Self { fragment: format!("#{id}"), ..self }
    }
}

pub(super) async fn submit<D: Dialog>(
    gate: D::Gate,
    request: HttpRequest,
    form: Form<D::Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let Form { fields, token, version } = form;
    let input = Input::<D> { version, ..Input::new(&gate, &request, &site, fields)? };
    let (author, sent) = (gate.author(), input.clone());
    let done = site.db.write(move |tx| {
        let token = token.unspent(tx, &author.keyring)?;
        let done = D::submit(tx, &sent, &author)?;
        token.spend(tx, &done.location)?;
        Ok(done)
    });
    let stage = match done.await {
        Ok(Done { location, fragment, notice }) => {
            notice.set(gate.session())?;
            return Ok(page::see_other(&format!("{location}{fragment}")));
        }
        Err(Error::Invalid(errors)) => Stage::Rejected(errors),
        Err(Error::Conflict) => Stage::Conflict,
        Err(error) => return Err(error),
    };
    draw(&gate, &site, input, request.match_info().as_str(), stage).await
}
