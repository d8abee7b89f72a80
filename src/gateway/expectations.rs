//! Answers gateways that ask first whether to send a body.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_http::Request;
use actix_service::{Service, ServiceFactory};
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::Response;
use futures_util::future::{FutureExt as _, Ready, ready};

use super::authorize::GatewayRequest;
use super::endpoint::Endpoint;
use crate::domain::verification::Verifier;
use crate::web::Site;
use crate::web::connections::{self, Connection};

/// Sends `100 Continue` to requests that expect it, except those that are decided without reading
/// their body.
#[derive(Clone)]
pub struct Expectations(Arc<State>);

struct State {
    site: Site,
    verifier: Arc<Verifier>,
}

impl Expectations {
    /// The expectations of the server that uses `verifier`.
    pub fn of(site: Site, verifier: Arc<Verifier>) -> Self {
        Self(Arc::new(State { site, verifier }))
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
        let Some(endpoint) = Endpoint::of(request.path()) else {
            return ready(Ok(request)).boxed_local();
        };
        let state = Arc::clone(&self.0);
        async move {
            let State { site, verifier } = &*state;
            let connection = request.conn_data::<Arc<Connection>>().map(|found| &**found);
            let asked = GatewayRequest { endpoint, head: request.head(), site, verifier };
            Err(EarlyResponse(Box::new(asked.answer(connection).await)))
        }
        .boxed_local()
    }
}
