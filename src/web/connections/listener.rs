//! A listener: accepts connections within its limits, and serves HTTP/1.1 on them.

use std::future::{poll_fn, ready};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::{HttpService, Request, Response};
use actix_rt::net::TcpStream;
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{Service, ServiceFactory};
use actix_web::body::BoxBody;
use actix_web::dev::AppConfig;
use futures_util::future::{FutureExt as _, LocalBoxFuture, select};
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::ending::Ending;
use super::registry::{HEAD, IDLE, Limits, Registry, TICK};
use super::requests::TrackedFactory;
use super::stream::{Socket, Stream};
use super::tls::Tls;
use crate::base::error::Error;
use crate::base::network::Network;

/// How long requests in flight may continue after SIGTERM, in seconds. Background work and the last
/// counts follow, and all of it takes less than 20 s even if the database hangs.
const SHUTDOWN: u64 = 8;
/// How long a client that has not sent its whole request may continue to send after the response.
const LINGER: Duration = Duration::from_secs(1);
/// How many connections may be closing while others are accepted in their place.
const CLOSING: usize = 32;
/// The number of ticks between checks for a changed certificate.
const CERTIFICATE: u32 = 40;
/// The number of ticks between log messages about closed connections.
const PRESSURE: u32 = 240;

/// Where and how to serve.
pub struct Listener {
    /// Its name in the log and in metrics.
    pub name: &'static str,
    pub socket: TcpListener,
    /// The number of threads that serve.
    pub workers: usize,
    /// The maximum number of connections.
    pub limits: Limits,
    /// The certificate; `None` if TLS ends elsewhere.
    pub tls: Option<Arc<Tls>>,
    pub ending: Ending,
}

/// Serves the service that `app` makes, once for each worker. `expect` answers requests that ask
/// whether to send their body, or lets them pass (RFC 9110, 10.1.1).
pub fn serve<F, E, App, Expect>(
    listener: Listener,
    app: impl Fn() -> App + Send + Clone + 'static,
    expect: impl Fn() -> Expect + Send + Clone + 'static,
) -> io::Result<Server>
where
    App: ServiceFactory<Request, Config = AppConfig, Service = F, Error = E, InitError = ()>
        + 'static,
    App::Response: Into<Response<BoxBody>>,
    F: Service<Request, Response = App::Response, Error = E> + 'static,
    E: Into<Response<BoxBody>> + 'static,
    Expect: ServiceFactory<Request, Config = (), Response = Request> + 'static,
    Expect::Error: Into<Response<BoxBody>>,
    Expect::InitError: std::fmt::Debug,
{
    let Listener { name, socket, workers, limits, tls, ending } = listener;
    let registry = Registry::new(limits, ending);
    let acceptor = tls.as_ref().map(Tls::acceptor).transpose().map_err(io::Error::other)?;
    actix_web::rt::spawn(watch(name, Arc::downgrade(&registry), tls));
    // One signal handler stops all listeners at once.
    let builder = Server::build().disable_signals();
    let shutdown = builder.graceful_shutdown_signal();
    let factory = move || {
        let http = HttpService::build()
            .graceful_shutdown_signal(stopping(&shutdown))
            .keep_alive(Duration::from_secs(IDLE.into()))
            .client_request_timeout(Duration::from_secs(HEAD.into()))
            .client_disconnect_timeout(LINGER)
            .on_connect_ext(|stream: &Stream, data| {
                data.insert(Arc::clone(&stream.connection));
            })
            .expect(expect())
            .h1(TrackedFactory(app()));
        Accepting { http, registry: Arc::clone(&registry), acceptor: acceptor.clone() }
    };
    let connections = limits.total.saturating_add(CLOSING).div_ceil(workers);
    let builder = builder.workers(workers).max_concurrent_connections(connections);
    Ok(builder.shutdown_timeout(SHUTDOWN).listen(name, socket, factory)?.run())
}

/// Waits until the server must stop.
fn stopping(signal: &GracefulShutdownSignal) -> impl Fn() -> LocalBoxFuture<'static, ()> + use<> {
    let signal = signal.clone();
    move || {
        let signal = signal.clone();
        async move { signal.notified().await }.boxed_local()
    }
}

/// Advances the connections' clock, closes those that have taken too long, and logs when the limit
/// is reached, for as long as the server lives.
async fn watch(name: &'static str, registry: Weak<Registry>, tls: Option<Arc<Tls>>) {
    let mut interval = tokio::time::interval(TICK);
    for tick in 1_u32.. {
        interval.tick().await;
        let Some(registry) = registry.upgrade() else { return };
        registry.tick();
        if let Some(tls) = tls.as_ref().filter(|_| tick.is_multiple_of(CERTIFICATE)) {
            tls.reload();
        }
        if tick.is_multiple_of(PRESSURE)
            && let (closed, refused) = registry.take_pressure()
            && closed + refused > 0
        {
            let open = registry.count();
            tracing::warn!(
                listener = name,
                open,
                closed,
                refused,
                "connections reached their limit"
            );
        }
    }
}

/// Makes a service that accepts connections, for each worker.
struct Accepting<H> {
    http: H,
    registry: Arc<Registry>,
    acceptor: Option<TlsAcceptor>,
}

impl<H> ServiceFactory<TcpStream> for Accepting<H>
where
    H: ServiceFactory<(Stream, Option<SocketAddr>), Config = (), Response = (), InitError = ()>,
    H::Service: 'static,
    H::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Config = ();
    type Service = Accept<H::Service>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Service, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let http = self.http.new_service(());
        let (registry, acceptor) = (Arc::clone(&self.registry), self.acceptor.clone());
        async move { Ok(Accept { http: Rc::new(http.await?), registry, acceptor }) }.boxed_local()
    }
}

struct Accept<S> {
    http: Rc<S>,
    registry: Arc<Registry>,
    acceptor: Option<TlsAcceptor>,
}

impl<S> Service<TcpStream> for Accept<S>
where
    S: Service<(Stream, Option<SocketAddr>), Response = ()> + 'static,
{
    type Response = ();
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<(), Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.http.poll_ready(context).map_err(|_| Error::internal("HTTP cannot be served"))
    }

    fn call(&self, socket: TcpStream) -> Self::Future {
        // Without an address, the client has already disconnected.
        let Ok(peer) = socket.peer_addr() else { return ready(Ok(())).boxed_local() };
        let network = Network::from(peer.ip());
        let (registry, first) = (Arc::clone(&self.registry), self.registry.admit(network));
        let (http, acceptor) = (Rc::clone(&self.http), self.acceptor.clone());
        async move {
            // Without a place, the socket is closed here.
            let Some(place) = registry.admit_later(network, first).await else { return Ok(()) };
            let connection = Arc::clone(&place.connection);
            let served =
                pin!(serve_connection(socket, acceptor, Arc::clone(&connection), http, peer));
            // Whatever the connection is doing, it ends with this task.
            select(served, pin!(connection.closed())).await;
            Ok(())
        }
        .boxed_local()
    }
}

async fn serve_connection<S>(
    socket: TcpStream,
    acceptor: Option<TlsAcceptor>,
    connection: Arc<Connection>,
    http: Rc<S>,
    peer: SocketAddr,
) where
    S: Service<(Stream, Option<SocketAddr>), Response = ()>,
{
    // A failure only costs a delay.
    let _ = socket.set_nodelay(true);
    let socket = match acceptor {
        None => Socket::Plain(socket),
        Some(acceptor) => {
            let mut handshake = acceptor.accept(socket);
            let reading = poll_fn(|context| {
                let polled = handshake.poll_unpin(context);
                if polled.is_pending() {
                    connection.await_client();
                }
                polled
            });
            // A client that does not finish the handshake cannot be answered.
            let Ok(socket) = reading.await else { return };
            Socket::Tls(Box::new(socket))
        }
    };
    // The error only says how the client disconnected.
    let _ = http.call((Stream::new(socket, connection), Some(peer))).await;
}
