//! A minimal actix-web server, which sends the headers of a pass in every response.

use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("latchkey-key-id"), HeaderValue::from_static("key_7QF2M8KDX4TN")),
    (HeaderName::from_static("latchkey-role"), HeaderValue::from_static("warehouse")),
    (
        HeaderName::from_static("latchkey-scopes"),
        HeaderValue::from_static("orders:read shipments:read shipments:write"),
    ),
    (HeaderName::from_static("latchkey-environment"), HeaderValue::from_static("production")),
    (HeaderName::from_static("latchkey-owner"), HeaderValue::from_static("none")),
];

/// Serves on a free port until the process is killed. Prints the address.
pub fn serve() {
    let served = actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/v1/authorize", web::to(pass)));
        let server = server.workers(1).bind("127.0.0.1:0")?;
        println!("{} http://{}", crate::server::ADDRESS_LABEL, server.addrs()[0]);
        server.run().await
    });
    served.expect("served");
}

async fn pass() -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for header in HEADERS {
        response.insert_header(header);
    }
    response.finish()
}
