//! `/v1/authorize` before everything else: what memory can answer is answered at once, before a
//! route is looked for and without waiting for anything. Other paths go on to the program's routes.

use std::sync::Arc;
use std::task::{Context, Poll};

use actix_http::Request;
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{AppConfig, Response, ServiceResponse};
use actix_web::http::header::{HeaderValue, X_CONTENT_TYPE_OPTIONS};
use futures_util::future::{
    Either, FutureExt as _, LocalBoxFuture, MapOk, Ready, TryFutureExt as _, ready,
};

use super::authorize;
use crate::verification::Verifier;
use crate::web::Site;

/// The path, as it stands in requests.
const PATH: &str = "/v1/authorize";

/// What answers there.
#[derive(Clone)]
struct Gate {
    site: Arc<Site>,
    verifier: Arc<Verifier>,
}

/// Makes [`FrontService`]s, one for each worker.
pub struct Front<F> {
    gate: Gate,
    rest: F,
}

impl<F> Front<F> {
    /// In front of `rest`.
    pub fn of<I>(site: Site, verifier: Arc<Verifier>, rest: I) -> Self
    where
        I: IntoServiceFactory<F, Request>,
        F: ServiceFactory<Request>,
    {
        Self { gate: Gate { site: Arc::new(site), verifier }, rest: rest.into_factory() }
    }
}

impl<F, B> ServiceFactory<Request> for Front<F>
where
    F: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>,
    F::Future: 'static,
    F::Service: 'static,
    B: MessageBody + 'static,
{
    type Response = Response<BoxBody>;
    type Error = Error;
    type Config = AppConfig;
    type Service = FrontService<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, F::InitError>>;

    fn new_service(&self, config: AppConfig) -> Self::Future {
        let gate = self.gate.clone();
        self.rest.new_service(config).map_ok(|rest| FrontService { gate, rest }).boxed_local()
    }
}

/// Every response of both listeners passes here, also to a path that has no route (ASVS 3.4.4).
fn not_to_be_sniffed<B: MessageBody + 'static>(
    response: impl Into<Response<B>>,
) -> Response<BoxBody> {
    let mut response = response.into().map_into_boxed_body();
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Answers the one path, and hands over the others.
pub struct FrontService<S> {
    gate: Gate,
    rest: S,
}

type Answer = Result<Response<BoxBody>, Error>;

impl<S, B> Service<Request> for FrontService<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = Response<BoxBody>;
    type Error = Error;
    type Future = Either<
        Ready<Answer>,
        Either<
            LocalBoxFuture<'static, Answer>,
            MapOk<S::Future, fn(ServiceResponse<B>) -> Response<BoxBody>>,
        >,
    >;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.rest.poll_ready(context)
    }

    fn call(&self, request: Request) -> Self::Future {
        if request.path() != PATH {
            let boxed: fn(ServiceResponse<B>) -> Response<BoxBody> =
                |response| not_to_be_sniffed(response);
            return Either::Right(Either::Right(self.rest.call(request).map_ok(boxed)));
        }
        let Gate { site, verifier } = &self.gate;
        let look_up = match authorize::at_once(request.head(), site, verifier) {
            Ok(answer) => return Either::Left(ready(Ok(not_to_be_sniffed(answer)))),
            Err(look_up) => look_up,
        };
        let Gate { site, verifier } = self.gate.clone();
        let later = async move {
            let answer = authorize::later(look_up, request.head(), &site, &verifier).await;
            Ok(not_to_be_sniffed(answer))
        };
        Either::Right(Either::Left(later.boxed_local()))
    }
}
