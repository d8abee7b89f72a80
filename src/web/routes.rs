//! Gated routes: a handler whose first argument is not a gate does not compile, and every route is
//! listed with the access that it requires, so that a test can check them all.

use std::collections::BTreeMap;
use std::future::Future;

use actix_web::dev::Payload;
use actix_web::guard;
use actix_web::http::{Method, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, Route};
use serde::de::DeserializeOwned;

use super::dialog_form::DialogForm;
use super::form::{ForeignForm, Form, LateForm, SecretFields, SecretForm};
use super::list::ListQuery;
use super::query::Query;
use super::upload::Upload;

/// The access that a route requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Public,
    SignedIn,
    /// The super manager role and this permission.
    Permission(&'static str),
    /// The super manager role and every permission.
    EveryPermission,
}

/// An extractor that decides whether the caller may pass.
pub trait Gate: FromRequest {
    /// The required access.
    const ACCESS: Access;
}

/// An argument of a handler other than its gate. Only [`Form`] and [`Upload`] read a body, within
/// limits.
pub trait Argument: FromRequest {}

impl Argument for HttpRequest {}
impl<T: DeserializeOwned> Argument for web::Path<T> {}
impl<T: ?Sized + 'static> Argument for web::Data<T> {}
impl<T: DeserializeOwned + 'static, const MAX_SIZE: usize> Argument for Form<T, MAX_SIZE> {}
impl<T: DeserializeOwned + 'static, const MAX_SIZE: usize> Argument for ForeignForm<T, MAX_SIZE> {}
impl<T: SecretFields + 'static, const MAX_SIZE: usize> Argument for SecretForm<T, MAX_SIZE> {}
impl<T: SecretFields + 'static, const MAX_SIZE: usize> Argument for LateForm<T, MAX_SIZE> {}
impl<T: DeserializeOwned + 'static> Argument for DialogForm<T> {}
impl Argument for Upload {}
impl<T: DeserializeOwned + Default> Argument for Query<T> {}
impl<F: DeserializeOwned + Default> Argument for ListQuery<F> {}

/// The arguments, or why they could not be extracted.
type Extraction<T> = Result<T, actix_web::Error>;

/// The arguments of a handler, the first of which is a gate.
pub trait Gated: Sized {
    /// The access that the gate requires.
    const ACCESS: Access;

    /// Extracts the arguments in order: nothing is read from a request that the gate denies.
    fn extract(request: HttpRequest, payload: Payload) -> impl Future<Output = Extraction<Self>>;
}

macro_rules! gated {
    ($($rest:ident)*) => {
        impl<G: Gate + 'static, $($rest: Argument + 'static),*> Gated for (G, $($rest,)*) {
            const ACCESS: Access = G::ACCESS;

            async fn extract(
                request: HttpRequest,
                mut payload: Payload,
            ) -> Extraction<Self> {
                let gate = G::from_request(&request, &mut payload).await.map_err(Into::into)?;
                Ok((gate, $($rest::from_request(&request, &mut payload).await.map_err(Into::into)?,)*))
            }
        }
    };
}

gated!();
gated!(A);
gated!(A B);
gated!(A B C);
gated!(A B C D);
gated!(A B C D E);

/// One method on one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    pub method: Method,
    /// The path pattern, such as `/api-keys/{key_id}`.
    pub path: &'static str,
    /// The required access.
    pub access: Access,
}

/// The routes of the site, which features add.
#[derive(Default)]
pub struct Routes {
    routes: Vec<RouteInfo>,
    by_path: BTreeMap<&'static str, Vec<(Method, Route)>>,
}

impl Routes {
    /// Answers GET and HEAD on `path`.
    pub fn get<F, Args>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Args>,
        Args: Gated + 'static,
        F::Output: Responder + 'static,
    {
        let either = guard::Any(guard::Get()).or(guard::Head());
        self.add(Method::GET, path, Args::ACCESS, gate(web::route().guard(either), handler));
    }

    /// Answers POST on `path`.
    pub fn post<F, Args>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Args>,
        Args: Gated + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Args::ACCESS, gate(web::post(), handler));
    }

    /// Every route, in the order in which features add them.
    pub fn all(&self) -> &[RouteInfo] {
        &self.routes
    }

    /// Registers the routes with actix. Other methods on their paths are answered with the allowed
    /// methods.
    pub fn register(self, config: &mut ServiceConfig) {
        for (path, routes) in self.by_path {
            let methods = routes.iter().map(|(method, _)| match *method {
                Method::GET => "GET, HEAD",
                _ => "POST",
            });
            let allow = methods.collect::<Vec<_>>().join(", ");
            let not_allowed = move || {
                let refused = HttpResponse::MethodNotAllowed()
                    .insert_header((header::ALLOW, allow.clone()))
                    .finish();
                std::future::ready(refused)
            };
            let resource = web::resource(path).default_service(web::to(not_allowed));
            config.service(
                routes.into_iter().fold(resource, |resource, (_, route)| resource.route(route)),
            );
        }
    }

    fn add(&mut self, method: Method, path: &'static str, access: Access, route: Route) {
        self.routes.push(RouteInfo { method: method.clone(), path, access });
        self.by_path.entry(path).or_default().push((method, route));
    }
}

/// Lets `handler` answer `route` after its gate has let the request pass.
fn gate<F, Args>(route: Route, handler: F) -> Route
where
    F: Handler<Args>,
    Args: Gated + 'static,
    F::Output: Responder + 'static,
{
    route.to(move |request: HttpRequest, payload: web::Payload| {
        let handler = handler.clone();
        async move {
            let arguments = Args::extract(request.clone(), payload.into_inner()).await?;
            let answer = handler.call(arguments).await.respond_to(&request);
            Ok::<_, actix_web::Error>(answer.map_into_boxed_body())
        }
    })
}

/// The paths that answer GET: used to return after signing in, and to find the page of a form.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    all: Vec<&'static str>,
    /// Top-level pages that need a session: `/api-keys`, but no page below it.
    sections: Vec<&'static str>,
}

impl Pages {
    /// The paths among `routes` that answer GET.
    pub fn of(routes: &Routes) -> Self {
        let gets = || routes.routes.iter().filter(|listed| listed.method == Method::GET);
        let is_section = |listed: &&RouteInfo| {
            listed.access != Access::Public && listed.path.matches('/').count() == 1
        };
        Self {
            all: gets().map(|listed| listed.path).collect(),
            sections: gets().filter(is_section).map(|listed| listed.path).collect(),
        }
    }

    /// Whether `pattern` answers GET.
    pub fn has(&self, pattern: &str) -> bool {
        self.all.contains(&pattern)
    }

    /// The top-level page to which `path` belongs; `None` if that page needs no session.
    pub fn section(&self, path: &str) -> Option<&'static str> {
        let first = path.trim_start_matches('/').split('/').next()?;
        self.sections.iter().find(|section| section.strip_prefix('/') == Some(first)).copied()
    }

    /// The nearest page at or above `path`, which `pattern` matches: its pattern and its path.
    pub fn nearest<'a>(&self, pattern: &'a str, path: &'a str) -> (&'a str, &'a str) {
        let (mut pattern, mut path) = (pattern, path);
        while !self.has(pattern) {
            match (pattern.rsplit_once('/'), path.rsplit_once('/')) {
                (Some((above, _)), Some((shorter, _))) if !above.is_empty() => {
                    (pattern, path) = (above, shorter);
                }
                _ => break,
            }
        }
        (pattern, path)
    }
}
