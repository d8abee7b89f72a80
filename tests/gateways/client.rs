//! A client of the API. It connects from 127.0.0.2, which no gateway uses.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Method;
use reqwest::blocking::{Body, Client as Http, RequestBuilder};
use reqwest::redirect::Policy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::support::Page;

/// The client's address.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

pub struct Client {
    http: Http,
    gateway: SocketAddr,
}

impl Client {
    pub fn new(gateway: SocketAddr) -> Self {
        let http = Http::builder()
            .no_proxy()
            .redirect(Policy::none())
            .local_address(Some(ADDRESS.into()))
            .build()
            .expect("a client");
        Self { http, gateway }
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        send(self.request(Method::GET, path, headers))
    }

    /// Sends a request with a secret key.
    pub fn get_as(&self, secret: &str, path: &str) -> Page {
        self.get(path, &[("authorization", &format!("Bearer {secret}"))])
    }

    pub fn post_as(&self, secret: &str, path: &str, body: impl Into<Body>) -> Page {
        let headers = [("authorization", &*format!("Bearer {secret}"))];
        send(self.request(Method::POST, path, &headers).body(body))
    }

    fn request(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.gateway));
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }

    /// The status line of the response to a request whose path is sent unchanged.
    pub fn status_of(&self, secret: &str, path: &str) -> String {
        self.response_to(secret, path).lines().next().unwrap_or_default().to_owned()
    }

    /// The whole response to a request whose path is sent unchanged.
    pub fn response_to(&self, secret: &str, path: &str) -> String {
        self.response_with(secret, path, "")
    }

    /// The whole response to a request whose path and additional header lines are sent unchanged.
    pub fn response_with(&self, secret: &str, path: &str, lines: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        runtime.expect("a runtime").block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind((ADDRESS, 0).into()).expect("an address");
            let mut stream =
                socket.connect(self.gateway).await.expect("the gateway accepts connections");
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {secret}\r\n\
                 {lines}Connection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut response = Vec::new();
            stream.read_to_end(&mut response).await.expect("read");
            String::from_utf8_lossy(&response).into_owned()
        })
    }
}

fn send(request: RequestBuilder) -> Page {
    Page::read(request.send().expect("a response")).expect("the whole response")
}
