//! Routes behind a gate: a handler whose first argument is no gate does not compile, and every
//! route is listed with what it asks for, so that a test can walk them all.

use std::collections::BTreeMap;

use actix_web::guard;
use actix_web::http::{Method, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Responder, Route};

/// What a route asks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A session.
    SignedIn,
    /// The super manager role and that permission.
    Permission(&'static str),
    /// The super manager role and every permission.
    EveryPermission,
}

/// An extractor that decides whether the caller may pass.
pub trait Gate: FromRequest {
    /// What it asks for.
    const ACCESS: Access;
}

/// Arguments of a handler, the first of which is a gate.
pub trait Gated: FromRequest {
    /// What the gate asks for.
    const ACCESS: Access;
}

macro_rules! gated {
    ($($rest:ident)*) => {
        impl<G: Gate + 'static, $($rest: FromRequest + 'static),*> Gated for (G, $($rest,)*) {
            const ACCESS: Access = G::ACCESS;
        }
    };
}

gated!();
gated!(A);
gated!(A B);
gated!(A B C);
gated!(A B C D);

/// One method on one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// GET or POST.
    pub method: Method,
    /// The path, as `/api-keys/{key_id}`.
    pub path: &'static str,
    /// What it asks for.
    pub access: Access,
}

/// The routes of the site, as features add them.
#[derive(Default)]
pub struct Routes {
    listed: Vec<Listed>,
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
        self.add(Method::GET, path, Args::ACCESS, web::route().guard(either).to(handler));
    }

    /// Answers POST on `path`.
    pub fn post<F, Args>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Args>,
        Args: Gated + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Args::ACCESS, web::post().to(handler));
    }

    /// Every route.
    #[must_use]
    pub fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// Gives the routes to actix. Other methods on their paths are refused with what is allowed.
    pub fn register(self, config: &mut ServiceConfig) {
        for (path, routes) in self.by_path {
            let methods = routes.iter().map(|(method, _)| match *method {
                Method::GET => "GET, HEAD",
                _ => "POST",
            });
            let allow = methods.collect::<Vec<_>>().join(", ");
            let refuse = move || {
                let refused = HttpResponse::MethodNotAllowed()
                    .insert_header((header::ALLOW, allow.clone()))
                    .finish();
                std::future::ready(refused)
            };
            let resource = web::resource(path).default_service(web::to(refuse));
            config.service(
                routes.into_iter().fold(resource, |resource, (_, route)| resource.route(route)),
            );
        }
    }

    fn add(&mut self, method: Method, path: &'static str, access: Access, route: Route) {
        self.listed.push(Listed { method: method.clone(), path, access });
        self.by_path.entry(path).or_default().push((method, route));
    }
}

/// The paths that answer GET, so that a person who has to sign in first can be led back.
#[derive(Clone, Debug, Default)]
pub struct Pages(Vec<&'static str>);

impl Pages {
    /// The paths among `routes` that answer GET.
    #[must_use]
    pub fn of(routes: &Routes) -> Self {
        let gets = routes.listed.iter().filter(|listed| listed.method == Method::GET);
        Self(gets.map(|listed| listed.path).collect())
    }

    /// Whether `pattern` answers GET.
    #[must_use]
    pub fn has(&self, pattern: &str) -> bool {
        self.0.contains(&pattern)
    }
}
