//! Dialogs: each is shown over another page, asks for input, and performs one operation.
//!
//! A dialog defines what it shows and which operation it calls. This toolkit does the rest in one
//! place: the routes with one gate, the form's token, input errors, concurrent changes, and a
//! second submit of the same form.

mod frame;
mod sender;
mod submit;

use std::ops::Deref;
use std::sync::Arc;

use actix_web::http::uri::PathAndQuery;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::gate::Denied;
use super::{Viewer, Visit};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::web::dialog_form::{self, Restored};
use crate::web::flash::Notice;
use crate::web::routes::{Gate, Routes};
use crate::web::{Site, page, query};
pub use frame::Frame;
use frame::Stage;
use sender::Sender;
pub use submit::SubmitResult;

/// A dialog, with all the data for its template. The template extends `layout/dialog.html`, which
/// renders `self.frame`.
pub trait Dialog: Template + Sized + Send + 'static {
    /// Who may open and submit it.
    type Gate: Gate + FromRequest<Error = Denied> + Deref<Target = Visit> + 'static;
    /// The item in its path.
    type Target: Target;
    /// The fields of its form.
    type Fields: DeserializeOwned + Clone + Default + Send + Sync + 'static;
    /// The page behind it.
    type Backdrop: Send + Sync + 'static;

    /// The message for a conflict; empty if the dialog lists the concurrent changes.
    const CHANGED: &'static str = "";

    /// Whether it must be confirmed who submits it, because somebody with only the session's cookie
    /// must not be able to do this.
    const NEEDS_CONFIRMATION: bool = false;

    /// The initial fields if the dialog is opened at a URL with `query`.
    fn opened(_query: &str) -> Self::Fields {
        Self::Fields::default()
    }

    /// Whether the form was submitted only to be shown again with values filled in.
    fn is_preview(_: &Self::Fields) -> bool {
        false
    }

    /// For a form that creates a secret: the message after its second submit.
    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        None
    }

    /// Loads the page behind the secret, before the secret is created.
    fn backdrop_of_secret(
        connection: &mut Connection,
        input: &Input<Self>,
    ) -> Result<Self::Backdrop> {
        Self::backdrop(connection, input)
    }

    /// Where closing it leads.
    fn close(input: &Input<Self>) -> String;

    /// Loads the page behind it.
    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Self::Backdrop>;

    /// Loads its data, whether it is opened or was submitted with errors.
    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>>;

    /// Performs the operation.
    ///
    /// # Errors
    /// After [`Error::Invalid`] and [`Error::Conflict`], the dialog is shown again with the input
    /// kept.
    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult>;
}

/// The item in a path.
pub trait Target: Clone + Send + Sync + Sized + 'static {
    /// Parses the parameter of `path`; `None` if it cannot identify an item.
    fn parse(parameter: &str, path: &str) -> Option<Self>;
}

/// No item: the path has no parameter.
impl Target for () {
    fn parse(_: &str, _: &str) -> Option<Self> {
        Some(())
    }
}

impl Target for String {
    fn parse(parameter: &str, _: &str) -> Option<Self> {
        Some(parameter.to_owned())
    }
}

const OUT_OF_DATE: &str = "This form is out of date. Check the values, then save again";

/// The input of a dialog.
pub struct Input<D: Dialog> {
    pub viewer: Arc<Viewer>,
    pub site: web::Data<Site>,
    pub target: D::Target,
    pub fields: D::Fields,
    /// The version that an edit started from, if the form contains it.
    pub version: Option<i64>,
    /// The page that the dialog was opened from, as its URL or its form says; not checked.
    pub return_to: String,
    /// The token of the submitted form.
    pub form_token: String,
    /// When the form was issued.
    pub issued: Timestamp,
    /// Whether the viewer has confirmed who they are.
    pub is_confirmed: bool,
    /// The page behind the secret that the form creates.
    pub backdrop_of_secret: Option<Arc<D::Backdrop>>,
}

/// The fields of a form that has only a button.
#[derive(Clone, Default, Deserialize)]
pub struct NoFields {}

/// The result of loading a dialog.
pub enum LoadResult<D> {
    Show(D),
    /// There is nothing left to ask: the page to show instead, and why.
    Redirect(String, Notice),
}

impl<D: Dialog> Input<D> {
    fn new(
        visit: &Visit,
        request: &HttpRequest,
        site: &web::Data<Site>,
        fields: D::Fields,
    ) -> Result<Self> {
        let path = request.match_info();
        let parameter = path.iter().next().map_or("", |(_, value)| value);
        let target = D::Target::parse(parameter, path.as_str()).ok_or(Error::NotFound)?;
        let (viewer, site, issued) = (visit.viewer(), site.clone(), visit.now);
        let (is_confirmed, return_to) = (viewer.is_confirmed, String::new());
        Ok(Self {
            viewer,
            site,
            target,
            fields,
            version: None,
            return_to,
            form_token: String::new(),
            issued,
            is_confirmed,
            backdrop_of_secret: None,
        })
    }

    /// The version that an edit started from.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the form contains none.
    pub fn version(&self) -> Result<i64> {
        self.version.ok_or_else(|| Error::invalid("", OUT_OF_DATE))
    }
}

impl<D: Dialog> Clone for Input<D> {
    fn clone(&self) -> Self {
        Self {
            viewer: self.viewer.clone(),
            site: self.site.clone(),
            target: self.target.clone(),
            fields: self.fields.clone(),
            version: self.version,
            return_to: self.return_to.clone(),
            form_token: self.form_token.clone(),
            issued: self.issued,
            is_confirmed: self.is_confirmed,
            backdrop_of_secret: self.backdrop_of_secret.clone(),
        }
    }
}

impl Routes {
    /// Adds a dialog at `path`, to which its form is also sent.
    pub fn dialog<D: Dialog>(&mut self, path: &'static str) {
        self.get(path, |gate: D::Gate, request: HttpRequest, site: web::Data<Site>| async move {
            open::<D>(&gate, &request, &site, request.match_info().as_str()).await
        });
        self.post(path, |sender: Sender<D::Gate>, request: HttpRequest, form, site| async move {
            submit::submit::<D>(sender, &request, form, &site, request.path()).await
        });
    }

    /// Adds a dialog at `path`, whose form is sent to `action`.
    pub fn dialog_to<D: Dialog>(&mut self, path: &'static str, action: &'static str) {
        self.get(
            path,
            move |gate: D::Gate, request: HttpRequest, site: web::Data<Site>| async move {
                open::<D>(&gate, &request, &site, action).await
            },
        );
        self.post(
            action,
            move |sender: Sender<D::Gate>, request: HttpRequest, form, site| async move {
                submit::submit::<D>(sender, &request, form, &site, path).await
            },
        );
    }
}

/// The parameters that every dialog has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    #[serde(rename = "return")]
    return_to: String,
}

/// The URL of a dialog whose query has the former parameter `behind`, which named the page above
/// the dialog in the path.
fn renamed(path: &str, query: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let (former, mut pairs): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == "behind");
    let (_, page) = former.first()?;
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    pairs.extend((page == "key").then(|| ("return".to_owned(), above.to_owned())));
    Some(query::href(path, &pairs))
}

async fn open<D: Dialog>(
    visit: &Visit,
    request: &HttpRequest,
    site: &web::Data<Site>,
    action: &str,
) -> Result<HttpResponse> {
    let query = request.query_string();
    if let Some(location) = renamed(request.path(), query) {
        return Ok(page::see_other(&location));
    }
    let location = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    let kept = visit.take_kept_input(location);
    let kept = kept.and_then(|kept| {
        Some((dialog_form::restore(&kept.text)?, visit.notice_of_kept_input(&kept)))
    });
    let (input, stage) = if let Some((Restored { fields, version, return_to }, notice)) = kept {
        let input = Input::<D>::new(visit, request, site, fields)?;
        (Input { version, return_to, ..input }, Stage::Restored(notice))
    } else {
        let return_to = query::read::<Parameters>(query).return_to;
        let input = Input::<D>::new(visit, request, site, D::opened(query))?;
        (Input { return_to, ..input }, Stage::Opened)
    };
    draw(visit, site, input, action, stage).await
}

async fn draw<D: Dialog>(
    visit: &Visit,
    site: &Site,
    input: Input<D>,
    action: &str,
    stage: Stage,
) -> Result<HttpResponse> {
    let (status, action) = (stage.status(), action.to_owned());
    let loaded = site.db.read(move |connection| {
        let backdrop = D::backdrop(connection, &input)?;
        let passkey = if D::NEEDS_CONFIRMATION && !input.is_confirmed {
            input.viewer.begin_confirmation(connection, &input.site.public_url)?
        } else {
            None
        };
        D::load(connection, Frame::new(input, backdrop, action, stage, passkey))
    });
    match loaded.await? {
        LoadResult::Show(dialog) => page::page(status, &dialog),
        LoadResult::Redirect(location, notice) => {
            notice.set(visit.session())?;
            Ok(page::see_other(&location))
        }
    }
}
