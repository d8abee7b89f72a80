//! Latchkey in an actix-web app: actix-web 4, serde_json, and reqwest 0.13 with form and json.
//! INTROSPECT_URL ends in /v1/introspect. INTROSPECT_KEY is the service's own secret key.
use actix_web::error::{ErrorForbidden, ErrorServiceUnavailable, ErrorUnauthorized};
use actix_web::{App, HttpRequest, HttpServer, Result, web};
use reqwest::{Client, redirect::Policy};
use std::{env::var, time::Duration};
async fn ask(latchkey: &Client, form: &[(&str, &str); 3]) -> reqwest::Result<serde_json::Value> {
    let (url, own) = (var("INTROSPECT_URL"), var("INTROSPECT_KEY"));
    let question = latchkey.post(url.unwrap_or_default()).bearer_auth(own.unwrap_or_default());
    question.form(form).send().await?.error_for_status()?.json().await
}
async fn order(request: HttpRequest, latchkey: web::Data<Client>) -> Result<String> {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| ErrorUnauthorized("missing_key"))?;
    let client = request.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default();
    let form = [("token", token), ("scope", "orders:read"), ("client_ip", &client)];
    // Without an answer from Latchkey the request is denied.
    let key = ask(&latchkey, &form).await.map_err(|_| ErrorServiceUnavailable("unavailable"))?;
    let id = key["client_id"].as_str().filter(|_| key["active"] == true);
    id.map(str::to_owned).ok_or_else(|| ErrorForbidden("not_active"))
}
#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let latchkey = Client::builder().timeout(Duration::from_secs(2)).redirect(Policy::none());
    let latchkey = latchkey.pool_idle_timeout(Duration::from_secs(60)); // Latchkey's is 75 seconds.
    let data = web::Data::new(latchkey.build()?);
    let app = move || App::new().app_data(data.clone()).route("/orders/1", web::get().to(order));
    Ok(HttpServer::new(app).bind(var("LISTEN").unwrap_or("127.0.0.1:3000".into()))?.run().await?)
}
