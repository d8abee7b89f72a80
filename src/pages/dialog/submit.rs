//! What happens when a dialog's form is sent.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::frame::Stage;
use super::{Dialog, Input, draw};
use crate::base::error::{Error, Result};
use crate::pages::Visit;
use crate::pages::reveal::{self, StoredSession};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

/// Draws a page from memory.
type Page = Box<dyn FnOnce() -> HttpResponse + Send>;

/// What a dialog has done: where that leads, and what the next page says of it.
#[must_use]
pub struct Done {
    location: String,
    fragment: String,
    notice: Notice,
    /// In place of `location`, a page that nobody can get again.
    page: Option<Page>,
}

impl Done {
    /// Leads to `location`, where a second submit of the form leads as well.
    pub fn at(location: impl Into<String>, notice: Notice) -> Self {
        Self { location: location.into(), fragment: String::new(), notice, page: None }
    }

    /// Leads to the element with `id` there, as a second submit does not.
    pub fn with_fragment(self, id: &str) -> Self {
        Self { fragment: format!("#{id}"), ..self }
    }

    /// Shows a secret on `page` instead, once it is committed. All that the page needs is loaded, and
    /// drawing it cannot fail.
    pub fn reveal(self, page: impl FnOnce() -> HttpResponse + Send + 'static) -> Self {
        Self { page: Some(Box::new(page)), ..self }
    }

    fn show(self, visit: &Visit) -> Result<HttpResponse> {
        if let Some(page) = self.page {
            reveal::keep(self.notice, visit);
            return Ok(page());
        }
        self.notice.set(visit.session())?;
        Ok(page::see_other(&format!("{}{}", self.location, self.fragment)))
    }
}

pub(super) async fn submit<D: Dialog>(
    gate: D::Gate,
    request: HttpRequest,
    form: Form<D::Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let Form { fields, token, version } = form;
    let issued = token.issued();
    let mut input = Input::<D> { version, issued, ..Input::new(&gate, &request, &site, fields)? };
    let action = request.match_info().as_str();
    if D::is_only_drawn(&input.fields) {
        return draw(&gate, &site, input, action, Stage::Assisted).await;
    }
    let already_shown = D::already_shown(&input.fields);
    if already_shown.is_some() {
        let sent = input.clone();
        let behind = site.db.read(move |connection| D::behind_secret(connection, &sent)).await?;
        input.behind_secret = Some(Arc::new(behind));
    }
    let (author, session, sent) = (gate.author(), StoredSession::of(&gate), input.clone());
    let done = site.db.write(move |tx| {
        let token = token.unspent(tx, &author.keyring)?;
        let done = D::submit(tx, &sent, &author)?;
        token.spend(tx, &done.location)?;
        if done.page.is_some() {
            session.leave(tx, &done.notice, author.now);
        }
        Ok(done)
    });
    let stage = match done.await {
        Ok(done) => return done.show(&gate),
        Err(Error::Invalid(errors)) => Stage::Rejected(errors),
        Err(Error::Conflict) => Stage::Conflict,
        Err(error @ Error::AlreadySubmitted(_)) => {
            already_shown.map(|text| Notice::warning(text).set(gate.session())).transpose()?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    draw(&gate, &site, input, action, stage).await
}
