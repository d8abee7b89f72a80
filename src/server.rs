//! The composition root: middleware, and the routes of every feature.

mod serving;

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;

use actix_http::h1::ExpectHandler;
use actix_server::Server;
use actix_service::IntoServiceFactory as _;
use actix_web::http::StatusCode;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse};
use tracing_actix_web::TracingLogger;

pub use serving::run;

use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::base::outgoing::Policy;
use crate::domain;
use crate::domain::sign_in::SignInService;
use crate::domain::sso::SingleSignOn;
use crate::domain::usage::Recorder;
use crate::domain::verification::Verifier;
use crate::gateway;
use crate::gateway::{Expectations, FastPath};
use crate::jobs::Dependencies;
use crate::pages::sign_in::session;
use crate::pages::{self, Public};
use crate::web::connections::{self, Ending, Listener, Shares, Tls};
use crate::web::log::QuietRootSpan;
use crate::web::metrics::Metrics;
use crate::web::page::see_other;
use crate::web::routes::{Pages, Routes};
use crate::web::{Site, assets, cookie, error_page, headers, same_origin, secret_in_query};

/// How many open files are assumed until the real limit is known.
const ASSUMED_FILES: usize = 1024;

/// The state that all workers share.
#[derive(Clone)]
pub struct Shared {
    pub site: Site,
    /// Signs people in.
    pub sign_in_service: Arc<SignInService>,
    /// Verifies API keys.
    pub verifier: Arc<Verifier>,
    /// Signs people in at the organisation's provider.
    pub single_sign_on: Arc<SingleSignOn>,
    /// Counts API requests.
    pub usage: Arc<Recorder>,
    /// How many connections each listener may have.
    pub shares: Shares,
    /// The certificate of the listeners; `None` if TLS ends elsewhere.
    pub tls: Option<Arc<Tls>>,
    pub ending: Ending,
}

/// The sockets to listen on.
pub struct Sockets {
    /// Serves people, and programs too.
    pub dashboard: TcpListener,
    pub verify: Option<TcpListener>,
    /// Serves metrics collectors.
    pub metrics: Option<TcpListener>,
}

impl Shared {
    /// Shares `site` and `sign_in_service`, and starts to watch for changes by other processes and
    /// nodes.
    pub fn new(site: Site, sign_in_service: Arc<SignInService>) -> Result<Self> {
        domain::draw_consequences(&site.db, site.clock.clone());
        let usage = Arc::new(Recorder::default());
        let verifier =
            Verifier::new(&site.db, &site.keyring, site.clock.clone(), Arc::clone(&usage));
        site.db.watch()?;
        let (verifier, shares) = (Arc::new(verifier), Shares::of(ASSUMED_FILES, false));
        let single_sign_on = SingleSignOn::new(&Policy::from(&site), site.clock.clone());
        Ok(Self {
            site,
            sign_in_service,
            single_sign_on: Arc::new(single_sign_on),
            verifier,
            usage,
            shares,
            tls: None,
            ending: Ending::default(),
        })
    }
}

impl Shared {
    /// The same under another master key, for new servers.
    fn with_master_key(&self, keyring: Keyring) -> Self {
        let site = Site { keyring, ..self.site.clone() };
        let usage = Arc::clone(&self.usage);
        let verifier = Verifier::new(&site.db, &site.keyring, site.clock.clone(), usage);
        let (verifier, ending) = (Arc::new(verifier), Ending::default());
        Self { site, verifier, ending, ..self.clone() }
    }
}

/// What the background work needs from the site.
pub fn dependencies(site: &Site) -> Dependencies {
    Dependencies {
        db: site.db.clone(),
        keyring: site.keyring.clone(),
        key_file: site.config.database.secret_key_file.clone(),
        clock: site.clock.clone(),
        clock_steps: site.clock_steps.clone(),
        public_url: site.public_url.clone(),
        receivers: site.into(),
        mail_server: site.into(),
    }
}

/// Every route of the dashboard.
pub fn routes() -> Routes {
    let mut routes = pages::routes();
    routes.get("/", home);
    routes.get("/robots.txt", robots);
    routes
}

/// The server of the pages.
pub fn dashboard(
    shared: &Shared,
    socket: TcpListener,
    workers: Option<usize>,
) -> std::io::Result<Server> {
    let Shared { site, sign_in_service, verifier, shares, tls, ending, .. } = shared.clone();
    let single_sign_on = shared.single_sign_on.clone();
    let expectations = Expectations::of(site.clone(), verifier.clone());
    let app = move || {
        let session = session::middleware(&site.db, &site.clock, &site.keyring, &site.public_url);
        let pages = web::scope("")
            .configure(|config| routes().register(config))
            .wrap(from_fn(pages::record_denials))
            .wrap(from_fn(pages::frame_errors))
            .wrap(from_fn(secret_in_query::check))
            .wrap(session)
            .wrap(from_fn(same_origin::check));
        let people = web::scope("")
            .configure(gateway::health)
            .route("/assets/{name}", web::get().to(assets::asset))
            .route("/assets/{name}", web::head().to(assets::asset))
            .service(pages)
            .wrap(from_fn(error_page::draw))
            .wrap(Compress::default())
            .wrap(from_fn(headers::add))
            .wrap(from_fn(cookie::drop_unreadable))
            .wrap(TracingLogger::<QuietRootSpan>::new());
        let app = App::new()
            .app_data(web::Data::new(site.clone()))
            .app_data(web::Data::from(sign_in_service.clone()))
            .app_data(web::Data::from(single_sign_on.clone()))
            .app_data(web::Data::from(verifier.clone()))
            .app_data(web::Data::new(Pages::of(&routes())))
            // Outside the middleware of the pages, so that answers to services are cheap.
            .configure(gateway::register)
            .service(people);
        FastPath::of(site.clone(), verifier.clone(), app)
    };
    let (limits, workers) = (shares.dashboard, workers.unwrap_or_else(cores));
    let listener = Listener { name: "dashboard", socket, workers, limits, tls, ending };
    connections::serve(listener, app, move || expectations.clone())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

/// The server for programs, on an address without pages.
fn verify(
    shared: &Shared,
    socket: TcpListener,
    workers: Option<usize>,
    metrics: &Metrics,
) -> std::io::Result<Server> {
    let Shared { site, verifier, shares, tls, ending, .. } = shared.clone();
    let expectations = Expectations::of(site.clone(), verifier.clone());
    let is_local = socket.local_addr()?.ip().to_canonical().is_loopback();
    let metrics = metrics.clone();
    let app = move || {
        let app = App::new()
            .app_data(web::Data::new(site.clone()))
            .app_data(web::Data::from(verifier.clone()))
            .app_data(web::Data::new(metrics.clone()))
            .configure(gateway::register)
            .configure(gateway::health)
            .configure(|config| {
                if is_local {
                    metrics_route(config);
                }
            });
        FastPath::of(site.clone(), verifier.clone(), app)
    };
    let (limits, workers) = (shares.verify, workers.unwrap_or_else(cores));
    let listener = Listener { name: "verify", socket, workers, limits, tls, ending };
    connections::serve(listener, app, move || expectations.clone())
}

/// The server of metrics. Other machines may read them: they name no keys or people.
fn serve_metrics(
    shared: &Shared,
    socket: TcpListener,
    metrics: &Metrics,
) -> std::io::Result<Server> {
    let Shared { verifier, shares, ending, .. } = shared.clone();
    let metrics = metrics.clone();
    let app = move || {
        let app = App::new()
            .app_data(web::Data::from(verifier.clone()))
            .app_data(web::Data::new(metrics.clone()))
            .configure(metrics_route);
        app.into_factory()
    };
    let limits = shares.metrics;
    let listener = Listener { name: "metrics", socket, workers: 1, limits, tls: None, ending };
    connections::serve(listener, app, || ExpectHandler)
}

fn metrics_route(config: &mut ServiceConfig) {
    config
        .route("/metrics", web::get().to(gateway::metrics))
        .route("/metrics", web::head().to(gateway::metrics));
}

/// Search engines have nothing to find here (RFC 9309).
async fn robots(_visitor: Public) -> HttpResponse {
    error_page::plain(StatusCode::OK, "User-agent: *\nDisallow: /\n")
}

async fn home(_visitor: Public) -> HttpResponse {
    see_other("/api-keys")
}
