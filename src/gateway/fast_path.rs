//! Serves the endpoints that gateways ask before everything else: what can be decided from memory is
//! answered immediately, without routing or waiting. Other paths go to the program's routes.
//!
//! Gateways send the headers of their client's request, so headers about a body are ignored:
//! `Content-Length`, `Content-Encoding` and `Expect`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_http::Request;
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{AppConfig, Response, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpResponse};
use futures_util::future::{
    Either, FutureExt as _, LocalBoxFuture, Map, MapOk, Ready, TryFutureExt as _, ready,
};

use super::authorize::GatewayRequest;
use super::endpoint::Endpoint;
use crate::domain::verification::Verifier;
use crate::web::Site;
use crate::web::connections::{self, Connection};

#[derive(Clone)]
struct Gate {
    site: Arc<Site>,
    verifier: Arc<Verifier>,
}

type Answer = Either<Ready<HttpResponse>, LocalBoxFuture<'static, HttpResponse>>;

impl Gate {
    fn answer(&self, endpoint: Endpoint, request: Request) -> Answer {
        let (Self { site, verifier }, began) = (self, Instant::now());
        match (GatewayRequest { endpoint, head: request.head(), site, verifier })
            .answer_from_memory()
        {
            Ok(answer) => {
                verifier.took(began.elapsed());
                mark_genuine(&request, &answer);
                Either::Left(ready(answer))
            }
            Err(look_up) => {
                let Self { site, verifier } = self.clone();
                let later = async move {
                    let (head, site, verifier) = (request.head(), &*site, &*verifier);
                    let answer = GatewayRequest { endpoint, head, site, verifier }
                        .answer_with_look_up(look_up)
                        .await;
                    verifier.took(began.elapsed());
                    mark_genuine(&request, &answer);
                    answer
                };
                Either::Right(later.boxed_local())
            }
        }
    }
}

/// Status 403 also shows that the key is genuine, because a missing scope or a wrong address or
/// environment is reported only for a valid key.
fn mark_genuine(request: &Request, answer: &HttpResponse) {
    if matches!(answer.status(), StatusCode::OK | StatusCode::FORBIDDEN)
        && let Some(connection) = request.conn_data::<Arc<Connection>>()
    {
        connection.mark_genuine();
    }
}

/// Creates one [`FastPathService`] for each worker.
pub struct FastPath<F> {
    gate: Gate,
    rest: F,
}

impl<F> FastPath<F> {
    /// Serves the fast path, and passes other requests to `rest`.
    pub fn of<I>(site: Site, verifier: Arc<Verifier>, rest: I) -> Self
    where
        I: IntoServiceFactory<F, Request>,
        F: ServiceFactory<Request>,
    {
        Self { gate: Gate { site: Arc::new(site), verifier }, rest: rest.into_factory() }
    }
}

impl<F, B> ServiceFactory<Request> for FastPath<F>
where
    F: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>,
    F::Future: 'static,
    F::Service: 'static,
    B: MessageBody + 'static,
{
    type Response = Response<BoxBody>;
    type Error = Error;
    type Config = AppConfig;
    type Service = FastPathService<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, F::InitError>>;

    fn new_service(&self, config: AppConfig) -> Self::Future {
        let gate = self.gate.clone();
        self.rest.new_service(config).map_ok(|rest| FastPathService { gate, rest }).boxed_local()
    }
}

/// Answers what gateways ask, and passes other requests on.
pub struct FastPathService<S> {
    gate: Gate,
    rest: S,
}

impl<S, B> Service<Request> for FastPathService<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = Response<BoxBody>;
    type Error = Error;
    type Future = Either<
        Map<Answer, fn(HttpResponse) -> Result<Response<BoxBody>, Error>>,
        MapOk<S::Future, fn(ServiceResponse<B>) -> Response<BoxBody>>,
    >;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.rest.poll_ready(context)
    }

    fn call(&self, request: Request) -> Self::Future {
        if let Some(endpoint) = Endpoint::of(request.path()) {
            let answer = self.gate.answer(endpoint, request);
            return Either::Left(answer.map(|answer| Ok(answer.into())));
        }
        let boxed: fn(ServiceResponse<B>) -> Response<BoxBody> =
            |response| Response::from(response).map_into_boxed_body();
        Either::Right(self.rest.call(request).map_ok(boxed))
    }
}

/// Sends `100 Continue` to requests that expect it, except those that are answered without reading
/// their body.
#[derive(Clone)]
pub struct Expectations(Gate);

impl Expectations {
    /// The expectations of the server that uses `verifier`.
    pub fn of(site: Site, verifier: Arc<Verifier>) -> Self {
        Self(Gate { site: Arc::new(site), verifier })
    }
}

/// The response to a request whose body is not read.
#[derive(Debug)]
pub struct EarlyResponse(Box<HttpResponse>);

impl From<EarlyResponse> for Response<BoxBody> {
    fn from(EarlyResponse(answer): EarlyResponse) -> Self {
        connections::forbid_sniffing((*answer).into())
    }
}

impl ServiceFactory<Request> for Expectations {
    type Response = Request;
    type Error = EarlyResponse;
    type Config = ();
    type Service = Self;
    type InitError = ();
    type Future = Ready<Result<Self, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        ready(Ok(self.clone()))
    }
}

impl Service<Request> for Expectations {
    type Response = Request;
    type Error = EarlyResponse;
    type Future = Pin<Box<dyn Future<Output = Result<Request, EarlyResponse>>>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), EarlyResponse>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, request: Request) -> Self::Future {
        if let Some(endpoint) = Endpoint::of(request.path()) {
            let answer = self.0.answer(endpoint, request);
            return answer.map(|answer| Err(EarlyResponse(Box::new(answer)))).boxed_local();
        }
        ready(Ok(request)).boxed_local()
    }
}
