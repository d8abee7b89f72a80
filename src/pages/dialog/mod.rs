//! Dialogs: each lies over another page, asks, and does one thing.
//!
//! A dialog says what it shows and which verb it calls. This kit does the rest, once: the routes behind
//! one gate, the form's token, what is wrong with the input, what others changed, and a second submit of
//! the same form.

mod frame;
mod submit;

use std::ops::Deref;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Viewer, Visit};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Author;
use crate::web::flash::Notice;
use crate::web::routes::{Gate, Routes};
use crate::web::{Site, page};
pub use frame::Frame;
use frame::Stage;
pub use submit::Done;

/// A dialog, with everything loaded that its template draws. The template extends
/// `layout/dialog.html`, which draws `self.frame`.
pub trait Dialog: Template + Sized + Send + 'static {
    /// Who may open it, and submit it.
    type Gate: Gate + Deref<Target = Visit> + 'static;
    /// What it is about, as its path names it.
    type Target: Target;
    /// What its form sends.
    type Fields: DeserializeOwned + Clone + Default + Send + Sync + 'static;
    /// The page behind it.
    type Backdrop: Send + Sync + 'static;

    /// What a conflict is called; empty where the dialog lists what others changed.
    const CHANGED: &'static str = "";

    /// What the fields hold when the dialog is opened at an address with `query`.
    fn opened(_query: &str) -> Self::Fields {
        Self::Fields::default()
    }

    /// Whether the form was sent to be drawn again with something filled in, and does nothing yet.
    fn is_only_drawn(_: &Self::Fields) -> bool {
        false
    }

    /// For a form that makes a secret: what its second submit is told.
    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        None
    }

    /// Loads the page behind the secret, before the secret is made.
    fn behind_secret(connection: &mut Connection, input: &Input<Self>) -> Result<Self::Backdrop> {
        Self::backdrop(connection, input)
    }

    /// Where closing it leads.
    fn close(input: &Input<Self>) -> String;

    /// Loads the page behind it.
    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Self::Backdrop>;

    /// Loads what it shows, whether it is opened or was sent with something wrong.
    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<Loaded<Self>>;

    /// Does what it asks for.
    ///
    /// # Errors
    /// After [`Error::Invalid`] and [`Error::Conflict`] the dialog is shown again, with the input kept.
    fn submit(tx: &mut Transaction<'_>, input: &Input<Self>, author: &Author) -> Result<Done>;
}

/// What a path names.
pub trait Target: Clone + Send + Sync + Sized + 'static {
    /// Reads the parameter of `path`; `None` for what cannot be the name of anything.
    fn parse(parameter: &str, path: &str) -> Option<Self>;
}

/// Nothing: the path has no parameter.
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

/// What a dialog is given.
pub struct Input<D: Dialog> {
    pub viewer: Arc<Viewer>,
    pub site: web::Data<Site>,
    pub target: D::Target,
    pub fields: D::Fields,
    /// The version that an edit started from, if the form says one.
    pub version: Option<i64>,
    /// When the form was handed out.
    pub issued: Timestamp,
    /// What lies behind the secret that the form makes.
    pub behind_secret: Option<Arc<D::Backdrop>>,
}

/// The fields of a form that is all button.
#[derive(Clone, Default, Deserialize)]
pub struct NoFields {}

/// What there is to show.
pub enum Loaded<D> {
    Show(D),
    /// There is nothing to ask any more: the page to look at instead, and why.
    Elsewhere(String, Notice),
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
        Ok(Self { viewer, site, target, fields, version: None, issued, behind_secret: None })
    }

    /// The version that an edit started from.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the form says none.
    pub fn version(&self) -> Result<i64> {
        const OUT_OF_DATE: &str = "This form is out of date. Check the values, then save again";
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
            issued: self.issued,
            behind_secret: self.behind_secret.clone(),
        }
    }
}

impl Routes {
    /// Opens a dialog at `path`, to which its form is sent as well.
    pub fn dialog<D: Dialog>(&mut self, path: &'static str) {
        self.get(path, |gate: D::Gate, request: HttpRequest, site: web::Data<Site>| async move {
            open::<D>(&gate, &request, &site, request.match_info().as_str()).await
        });
        self.post(path, submit::submit::<D>);
    }

    /// Opens a dialog at `path`, whose form is sent to `action`.
    pub fn dialog_to<D: Dialog>(&mut self, path: &'static str, action: &'static str) {
        self.get(
            path,
            move |gate: D::Gate, request: HttpRequest, site: web::Data<Site>| async move {
                open::<D>(&gate, &request, &site, action).await
            },
        );
        self.post(action, submit::submit::<D>);
    }
}

async fn open<D: Dialog>(
    visit: &Visit,
    request: &HttpRequest,
    site: &web::Data<Site>,
    action: &str,
) -> Result<HttpResponse> {
    let input = Input::<D>::new(visit, request, site, D::opened(request.query_string()))?;
    draw(visit, site, input, action, Stage::Opened).await
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
        D::load(connection, Frame::new(input, backdrop, action, stage))
    });
    match loaded.await? {
        Loaded::Show(dialog) => page::page(status, &dialog),
        Loaded::Elsewhere(location, notice) => {
            notice.set(visit.session())?;
            Ok(page::see_other(&location))
        }
    }
}
