//! The composition root: middleware, and every feature's routes.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use futures_util::future::try_join;
use tracing_actix_web::TracingLogger;

use crate::alerts::Worker;
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::members::http::Public;
use crate::sign_in::Door;
use crate::sign_in::http::session;
use crate::usage::{Recorder, Writer};
use crate::verification::Verifier;
use crate::verification::http::Front;
use crate::web::log::QuietRootSpan;
use crate::web::metrics::Metrics;
use crate::web::page::see_other;
use crate::web::routes::{Pages, Routes};
use crate::web::{Site, assets, error_page, headers, same_origin, secret_in_query};
use crate::{
    activity, alerts, api_keys, diagnosis, leaks, mail, members, reviews, roles, scopes, settings,
    sign_in, usage, verification, webhooks,
};

/// For how long requests in flight may go on after SIGTERM, in seconds.
const SHUTDOWN: u64 = 20;
/// For how long a client may take to send a request's head.
const SLOWEST_HEAD: Duration = Duration::from_secs(10);
/// How often the house is kept.
const HOUSE_KEEPING: Duration = Duration::from_mins(10);

/// What all workers share.
#[derive(Clone)]
pub struct Shared {
    /// The site.
    pub site: Site,
    /// What everybody who signs in passes.
    pub door: Arc<Door>,
    /// What decides who may pass.
    pub verifier: Arc<Verifier>,
    /// What counts their requests.
    pub usage: Arc<Recorder>,
}

impl Shared {
    /// Shares `site` and `door`, and starts to hear of what other processes and nodes change.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn new(site: Site, door: Arc<Door>) -> Result<Self> {
        let usage = Arc::new(Recorder::default());
        let verifier =
            Verifier::new(&site.db, &site.keyring, site.clock.clone(), Arc::clone(&usage));
        site.db.watch()?;
        Ok(Self { site, door, verifier: Arc::new(verifier), usage })
    }
}

/// Every route that people use.
#[must_use]
pub fn routes() -> Routes {
    let mut routes = Routes::default();
    routes.get("/", home);
    sign_in::http::routes(&mut routes);
    members::http::routes(&mut routes);
    api_keys::http::routes(&mut routes);
    usage::http::routes(&mut routes);
    diagnosis::http::routes(&mut routes);
    leaks::http::routes(&mut routes);
    reviews::http::routes(&mut routes);
    roles::http::routes(&mut routes);
    scopes::http::routes(&mut routes);
    activity::http::routes(&mut routes);
    settings::http::routes(&mut routes);
    mail::http::routes(&mut routes);
    webhooks::http::routes(&mut routes);
    alerts::http::routes(&mut routes);
    routes
}

/// Serves the dashboard on `listener`, and what programs ask on `verify`, until the process is
/// told to stop; keeps the house and writes what was counted meanwhile.
///
/// # Errors
/// When the sockets cannot be served.
pub fn run<Keeping: Future<Output = ()> + 'static>(
    shared: &Shared,
    listener: TcpListener,
    verify: Option<TcpListener>,
    workers: Option<usize>,
    metrics: Metrics,
    house_keeping: fn(Db, Timestamp) -> Keeping,
) -> Result<()> {
    // Dropped, and so for the last time writing, once no request is under way any more.
    let _writer = Writer::start(Arc::clone(&shared.usage), shared.site.db.clone())?;
    let _worker = Worker::start(&shared.site)?;
    actix_web::rt::System::new().block_on(async {
        let dashboard = dashboard(shared, listener, workers).map_err(Error::internal)?;
        let apart = verify.map(|listener| apart(shared, listener, workers, metrics.clone()));
        let apart = apart.transpose().map_err(Error::internal)?;
        actix_web::rt::spawn(keep_house(shared.site.clone(), house_keeping));
        actix_web::rt::spawn(metrics.keep_up());
        let served = match apart {
            Some(apart) => try_join(dashboard, apart).await.map(|((), ())| ()),
            None => dashboard.await,
        };
        served.map_err(Error::internal)
    })
}

/// Ends with the server, wherever it has got to: so it waits for nothing but transactions.
async fn keep_house<Keeping: Future<Output = ()>>(
    site: Site,
    house_keeping: fn(Db, Timestamp) -> Keeping,
) {
    let mut interval = tokio::time::interval(HOUSE_KEEPING);
    loop {
        interval.tick().await;
        house_keeping(site.db.clone(), site.clock.now()).await;
    }
}

/// The server of the pages.
///
/// # Errors
/// When the socket cannot be served.
pub fn dashboard(
    shared: &Shared,
    listener: TcpListener,
    workers: Option<usize>,
) -> std::io::Result<Server> {
    let Shared { site, door, verifier, .. } = shared.clone();
    let server = HttpServer::new(move || {
        let session =
            session::middleware(&site.db, &site.clock, &site.keyring, site.public_url.is_https());
        let pages = web::scope("")
            .configure(|config| routes().register(config))
            .wrap(from_fn(secret_in_query::check))
            .wrap(session)
            .wrap(from_fn(same_origin::check));
        let people = web::scope("")
            .configure(health)
            .route("/assets/{name}", web::get().to(assets::asset))
            .route("/assets/{name}", web::head().to(assets::asset))
            .service(pages)
            .wrap(from_fn(error_page::draw))
            .wrap(Compress::default())
            .wrap(from_fn(headers::add))
            .wrap(TracingLogger::<QuietRootSpan>::new());
        let app = App::new()
            .app_data(web::Data::new(site.clone()))
            .app_data(web::Data::from(door.clone()))
            .app_data(web::Data::from(verifier.clone()))
            .app_data(web::Data::new(Pages::of(&routes())))
            // Outside what pages need, so that an answer to a service costs little.
            .configure(verification::http::register)
            .service(people);
        Front::of(site.clone(), verifier.clone(), app)
    })
    .workers(workers.unwrap_or_else(cores))
    .shutdown_timeout(SHUTDOWN)
    .client_request_timeout(SLOWEST_HEAD);
    Ok(server.listen(listener)?.run())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

/// The server of what programs ask, on an address where no page is served.
fn apart(
    shared: &Shared,
    listener: TcpListener,
    workers: Option<usize>,
    metrics: Metrics,
) -> std::io::Result<Server> {
    let Shared { site, verifier, .. } = shared.clone();
    let server = HttpServer::new(move || {
        let app = App::new()
            .app_data(web::Data::new(site.clone()))
            .app_data(web::Data::from(verifier.clone()))
            .app_data(web::Data::new(metrics.clone()))
            .configure(verification::http::register)
            .configure(health)
            .route("/metrics", web::get().to(verification::http::metrics));
        Front::of(site.clone(), verifier.clone(), app)
    })
    .workers(workers.unwrap_or_else(cores))
    .shutdown_timeout(SHUTDOWN)
    .client_request_timeout(SLOWEST_HEAD);
    Ok(server.listen(listener)?.run())
}

/// Whether the process lives, and whether its database answers; for load balancers.
fn health(config: &mut ServiceConfig) {
    let alive = || async { "ok\n" };
    config.route("/healthz", web::get().to(alive)).route("/healthz", web::head().to(alive));
    config.route("/readyz", web::get().to(ready)).route("/readyz", web::head().to(ready));
}

async fn ready(site: web::Data<Site>) -> HttpResponse {
    match site.db.read(settings::get).await {
        Ok(_) => HttpResponse::Ok().body("ok\n"),
        Err(_) => HttpResponse::ServiceUnavailable().body("the database does not answer\n"),
    }
}

async fn home(_visitor: Public) -> HttpResponse {
    see_other("/api-keys")
}
