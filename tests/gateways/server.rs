//! A small server that records its requests. It acts as the API behind the gateway, or as a
//! Latchkey with unusual responses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::{Server as Actix, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

/// A request that a server received.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: String,
    pub uri: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// The values of every header with exactly this name.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }
}

pub struct Server {
    pub address: SocketAddr,
    status: Arc<AtomicU16>,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    _running: Running,
}

impl Server {
    /// An API.
    pub fn api() -> Self {
        Self::responding(200, &[("content-type", "text/plain")])
    }

    /// A server that sends the same response to every request.
    pub fn responding(status: u16, headers: &[(&str, &str)]) -> Self {
        let status = Arc::new(AtomicU16::new(status));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let response = web::Data::new((status.clone(), headers, requests.clone()));
        let listener = listener();
        let address = listener.local_addr().expect("an address");
        let running = Running::start(move || {
            let app = move || {
                App::new()
                    .app_data(web::PayloadConfig::new(8 << 20))
                    .app_data(response.clone())
                    .default_service(web::to(respond))
            };
            HttpServer::new(app).workers(1).listen(listener).expect("listens").run()
        });
        Self { address, status, requests, _running: running }
    }

    /// Changes the status of the responses.
    pub fn set_status(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Takes the requests that arrived since the last call.
    pub fn take_requests(&self) -> Vec<ReceivedRequest> {
        std::mem::take(&mut self.requests.lock().expect("not poisoned"))
    }

    /// Takes the only request that arrived since the last call.
    pub fn take_only_request(&self) -> ReceivedRequest {
        let mut requests = self.take_requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

type Response = (Arc<AtomicU16>, Vec<(String, String)>, Arc<Mutex<Vec<ReceivedRequest>>>);

async fn respond(request: HttpRequest, body: Bytes, response: web::Data<Response>) -> HttpResponse {
    let (status, headers, log) = &**response;
    record(&request, &body, log);
    let status = StatusCode::from_u16(status.load(Ordering::SeqCst)).expect("a status");
    let mut response = HttpResponse::build(status);
    for (name, value) in headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    response.body("served")
}

fn record(request: &HttpRequest, body: &[u8], log: &Mutex<Vec<ReceivedRequest>>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = request.headers().iter();
    log.lock().expect("not poisoned").push(ReceivedRequest {
        method: request.method().to_string(),
        uri: request.uri().to_string(),
        headers: headers.map(|(n, v)| (n.to_string(), text(v.as_bytes()))).collect(),
        body: body.to_vec(),
    });
}

/// A listener on a free loopback port.
pub fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")
}

/// A server in its own thread, which is stopped when this is dropped.
pub struct Running {
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn start(make: impl FnOnce() -> Actix + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = make();
                sender.send(server.handle()).expect("the test waits");
                server.await.expect("the server stops without an error");
            });
        });
        Self { handle: receiver.recv().expect("the server starts"), thread: Some(thread) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let stopped = self.handle.stop(false);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(stopped);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
