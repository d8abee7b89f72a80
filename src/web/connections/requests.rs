//! Tracks requests for their connection: when each starts, and when its response is complete.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_http::{ConnectionType, Request, Response};
use actix_service::{Service, ServiceFactory};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::AppConfig;
use actix_web::http::Version;
use actix_web::http::header::{HeaderValue, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::Bytes;
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use pin_project_lite::pin_project;

use super::connection::Connection;

/// The approximate size of a response's head, in bytes.
const HEAD_OF_ANSWER: usize = 1024;

/// Wraps the program's service so that connections record their requests.
pub(super) struct TrackedFactory<F>(pub F);

impl<F> ServiceFactory<Request> for TrackedFactory<F>
where
    F: ServiceFactory<Request, Config = AppConfig>,
    F::Response: Into<Response<BoxBody>>,
    F::Future: 'static,
    F::Service: 'static,
{
    type Response = Response<BoxBody>;
    type Error = F::Error;
    type Config = ();
    type Service = TrackedService<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, F::InitError>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let service = self.0.new_service(AppConfig::default());
        async move { Ok(TrackedService(Rc::new(service.await?))) }.boxed_local()
    }
}

/// Answers requests one after another, and only as fast as the client reads the responses.
pub(super) struct TrackedService<S>(Rc<S>);

impl<S> Service<Request> for TrackedService<S>
where
    S: Service<Request> + 'static,
    S::Response: Into<Response<BoxBody>>,
{
    type Response = Response<BoxBody>;
    type Error = S::Error;
    type Future = Answer<S>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&self, request: Request) -> Answer<S> {
        let connection = request.conn_data::<Arc<Connection>>().cloned();
        let (service, version) = (Rc::clone(&self.0), request.version());
        Answer { service, connection, held: Some(request), version, running: None }
    }
}

pin_project! {
    /// The answer to a request.
    pub(super) struct Answer<S: Service<Request>> {
        service: Rc<S>,
        connection: Option<Arc<Connection>>,
        // The request, until the client has received enough of the earlier responses.
        held: Option<Request>,
        version: Version,
        #[pin]
        running: Option<S::Future>,
    }
}

impl<S> Future for Answer<S>
where
    S: Service<Request>,
    S::Response: Into<Response<BoxBody>>,
{
    type Output = Result<Response<BoxBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.held.is_some() {
            // The stream wakes this task when the client has received the waiting data.
            if this.connection.as_ref().is_some_and(|connection| !connection.may_answer()) {
                return Poll::Pending;
            }
            if let Some(request) = this.held.take() {
                if let Some(connection) = this.connection {
                    // actix waits for the end of such a body; for others it closes the connection.
                    connection
                        .begin_request(request.head().headers().contains_key(TRANSFER_ENCODING));
                }
                this.running.set(Some(this.service.call(request)));
            }
        }
        let Some(running) = this.running.as_mut().as_pin_mut() else { return Poll::Pending };
        let outcome = ready!(running.poll(context));
        let version = *this.version;
        let outcome =
            outcome.map(|response| without_chunks(forbid_sniffing(response.into()), version));
        let Some(connection) = this.connection.take() else { return Poll::Ready(outcome) };
        match outcome {
            Ok(response) => Poll::Ready(Ok(track(response, connection))),
            Err(error) => {
                connection.answer(HEAD_OF_ANSWER);
                connection.end_request();
                Poll::Ready(Err(error))
            }
        }
    }
}

/// Makes browsers use the declared type of every response of every listener, even one without a
/// route (ASVS 3.4.4).
pub fn forbid_sniffing(mut response: Response<BoxBody>) -> Response<BoxBody> {
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// For clients without chunked encoding, sends a streamed response until the connection closes
/// (RFC 9112, 6.1 and 6.3).
fn without_chunks(mut response: Response<BoxBody>, version: Version) -> Response<BoxBody> {
    if version < Version::HTTP_11 && response.body().size() == BodySize::Stream {
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

/// Records a response, which is complete at once unless it is streamed.
fn track(mut response: Response<BoxBody>, connection: Arc<Connection>) -> Response<BoxBody> {
    if connection.registry.is_ending() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    let sized = match response.body().size() {
        BodySize::None => 0,
        BodySize::Sized(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX / 2),
        BodySize::Stream => {
            connection.answer(HEAD_OF_ANSWER);
            return response.map_body(|_, body| BoxBody::new(StreamedBody { body, connection }));
        }
    };
    connection.answer(HEAD_OF_ANSWER + sized);
    connection.end_request();
    response
}

/// A streamed body.
struct StreamedBody {
    body: BoxBody,
    connection: Arc<Connection>,
}

impl MessageBody for StreamedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(context)
    }
}

impl Drop for StreamedBody {
    fn drop(&mut self) {
        self.connection.end_request();
    }
}
