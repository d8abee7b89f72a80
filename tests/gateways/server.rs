//! A small server that keeps what it was asked: the API behind the gateway, or a Latchkey that
//! answers what it should not.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::{Server as Actix, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

/// What a server was asked.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: String,
    pub uri: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// Every value of a header, by its name exactly.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }
}

pub struct Server {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<ReceivedRequest>>>,
    _running: Running,
}

impl Server {
    /// An API.
    pub fn api() -> Self {
        Self::answering(200, &[("content-type", "text/plain")])
    }

    /// A server that gives everybody the same answer.
    pub fn answering(status: u16, headers: &'static [(&'static str, &'static str)]) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        let listener = listener();
        let address = listener.local_addr().expect("an address");
        let running = Running::start(move || {
            let answer = move |request: HttpRequest, body: web::Bytes, kept: web::Data<_>| async move {
                keep(&request, &body, &kept);
                let status = StatusCode::from_u16(status).expect("a status");
                let mut response = HttpResponse::build(status);
                for header in headers {
                    response.insert_header(*header);
                }
                response.body("served")
            };
            HttpServer::new(move || {
                App::new()
                    .app_data(web::PayloadConfig::new(8 << 20))
                    .app_data(web::Data::from(kept.clone()))
                    .default_service(web::to(answer))
            })
            .workers(1)
            .listen(listener)
            .expect("listens")
            .run()
        });
        Self { address, asked, _running: running }
    }

    /// Everything that it was asked since the last time.
    pub fn asked(&self) -> Vec<ReceivedRequest> {
        std::mem::take(&mut self.asked.lock().expect("no panic"))
    }

    /// The one request that reached it since the last time.
    pub fn asked_once(&self) -> ReceivedRequest {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }
}

fn keep(request: &HttpRequest, body: &[u8], kept: &Mutex<Vec<ReceivedRequest>>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = request.headers().iter();
    kept.lock().expect("no panic").push(ReceivedRequest {
        method: request.method().to_string(),
        uri: request.uri().to_string(),
        headers: headers.map(|(n, v)| (n.to_string(), text(v.as_bytes()))).collect(),
        body: body.to_vec(),
    });
}

/// A free port of this machine.
pub fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")
}

/// A server in a thread of its own, stopped when dropped.
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
                server.await.expect("ends well");
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
