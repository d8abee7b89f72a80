//! Tests the session cookie through actix's own middleware.

use actix_session::Session;
use actix_web::cookie::Cookie;
use actix_web::dev::ServiceResponse;
use actix_web::{App, HttpResponse, test, web};

use super::*;
use crate::base::clock::{HOUR, MINUTE};
use crate::domain::sign_in::fixture::Fixture;

struct Dashboard {
    fixture: Fixture,
    clock: Clock,
    member: String,
}

impl Dashboard {
    fn new() -> Self {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", None).id.as_str().to_owned();
        Self { clock: Clock::fixed(fixture.now()), fixture, member }
    }

    fn stored(&self) -> i64 {
        self.fixture.sessions()
    }

    /// Sends one request with one cookie; returns the response and the cookie that it set.
    async fn get(&self, path: &str, cookie: Option<&Cookie<'static>>) -> Answer {
        self.get_over(path, cookie, true).await.expect("an answer")
    }

    async fn get_over(
        &self,
        path: &str,
        cookie: Option<&Cookie<'static>>,
        https: bool,
    ) -> Result<Answer, actix_web::Error> {
        let url = if https { "https://keys.example.com" } else { "http://localhost:8080" };
        let url = PublicUrl::parse(url).expect("a URL");
        let middleware = middleware(&self.fixture.db, &self.clock, &self.fixture.keyring, &url);
        let app = test::init_service(
            App::new()
                .app_data(web::Data::new(self.member.clone()))
                .wrap(middleware)
                .route("/look", web::get().to(view))
                .route("/form", web::get().to(form))
                .route("/sign-in", web::get().to(sign_in))
                .route("/notice", web::get().to(notice))
                .route("/sign-out", web::get().to(sign_out))
                .route("/forget", web::get().to(forget)),
        )
        .await;
        let mut request = test::TestRequest::get().uri(path);
        if let Some(cookie) = cookie {
            request = request.cookie(cookie.clone());
        }
        let response = test::try_call_service(&app, request.to_request()).await?;
        let cookie = response.response().cookies().next().map(Cookie::into_owned);
        Ok(Answer { cookie, text: text(response).await })
    }
}

struct Answer {
    cookie: Option<Cookie<'static>>,
    text: String,
}

async fn text(response: ServiceResponse) -> String {
    String::from_utf8(test::read_body(response).await.to_vec()).expect("text")
}

async fn view(session: Session) -> HttpResponse {
    let mut names: Vec<_> = session.entries().keys().cloned().collect();
    names.sort();
    HttpResponse::Ok().body(names.join(" "))
}

async fn form(session: Session) -> HttpResponse {
    session.insert("form_key", "abc123").expect("kept");
    HttpResponse::Ok().finish()
}

async fn sign_in(session: Session, member: web::Data<String>) -> HttpResponse {
    session.renew();
    session.remove("former_member");
    session.insert("member_id", member.as_str()).expect("kept");
    HttpResponse::Ok().finish()
}

async fn notice(session: Session) -> HttpResponse {
    session.insert("notice", "Saved").expect("kept");
    HttpResponse::Ok().finish()
}

async fn sign_out(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::Ok().finish()
}

async fn forget(session: Session) -> HttpResponse {
    session.clear();
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn the_cookie_is_bound_to_its_host_and_hidden_from_scripts() {
    let dashboard = Dashboard::new();
    let cookie = dashboard.get("/form", None).await.cookie.expect("a cookie");
    assert_eq!(cookie.name(), "__Host-latchkey");
    assert_eq!((cookie.secure(), cookie.http_only()), (Some(true), Some(true)));
    assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None));
    assert_eq!(cookie.same_site(), Some(SameSite::Lax));
    let plain = dashboard.get_over("/form", None, false).await.expect("an answer");
    let plain = plain.cookie.expect("a cookie");
    assert_eq!((plain.name(), plain.secure()), ("latchkey-8080", None));
}

#[actix_web::test]
async fn a_stranger_has_a_session_that_is_not_stored() {
    let dashboard = Dashboard::new();
    assert!(dashboard.get("/look", None).await.cookie.is_none());
    let first = dashboard.get("/form", None).await.cookie.expect("a cookie");
    let view = dashboard.get("/look", Some(&first)).await;
    assert_eq!(view.text, "form_key");
    assert!(view.cookie.is_some(), "issued again with every page");
    let noticed = dashboard.get("/notice", Some(&first)).await.cookie.expect("a cookie");
    assert_eq!(dashboard.get("/look", Some(&noticed)).await.text, "form_key");
    dashboard.get("/sign-out", Some(&noticed)).await;
    assert_eq!(dashboard.stored(), 0);
    dashboard.clock.advance(12 * HOUR);
    assert_eq!(dashboard.get("/look", Some(&first)).await.text, "");
}

#[actix_web::test]
async fn signing_in_changes_the_key_and_signing_out_ends_it() {
    let dashboard = Dashboard::new();
    let stranger = dashboard.get("/form", None).await.cookie.expect("a cookie");
    let member = dashboard.get("/sign-in", Some(&stranger)).await.cookie.expect("a cookie");
    assert_ne!(member.value(), stranger.value());
    assert_eq!(dashboard.stored(), 1);
    let view = dashboard.get("/look", Some(&member)).await;
    assert_eq!(view.text, "form_key member_id reference signed_in_at");
    assert_eq!(view.cookie.expect("a cookie").value(), member.value());
    assert_eq!(dashboard.get("/look", Some(&stranger)).await.text, "form_key");
    let other = dashboard.get("/sign-in", Some(&member)).await.cookie.expect("a cookie");
    assert_ne!(other.value(), member.value());
    assert_eq!(dashboard.get("/look", Some(&member)).await.text, "", "the old key no longer works");
    dashboard.get("/sign-out", Some(&other)).await;
    assert_eq!(
        (dashboard.get("/look", Some(&other)).await.text.as_str(), dashboard.stored()),
        ("", 0)
    );
}

#[actix_web::test]
async fn a_session_without_its_member_becomes_anonymous() {
    let dashboard = Dashboard::new();
    let member = dashboard.get("/sign-in", None).await.cookie.expect("a cookie");
    let stranger = dashboard.get("/forget", Some(&member)).await.cookie.expect("a cookie");
    assert_ne!(member.value(), stranger.value());
    assert_eq!(dashboard.stored(), 0);
}

#[actix_web::test]
async fn reading_pages_keeps_a_session_alive() {
    let dashboard = Dashboard::new();
    let cookie = dashboard.get("/sign-in", None).await.cookie.expect("a cookie");
    for _ in 0..4 {
        dashboard.clock.advance(29 * MINUTE);
        assert_ne!(dashboard.get("/look", Some(&cookie)).await.text, "");
    }
    dashboard.clock.advance(30 * MINUTE);
    assert_eq!(dashboard.get("/look", Some(&cookie)).await.text, "former_member");
}

#[actix_web::test]
async fn an_ended_session_continues_as_that_of_a_stranger_who_was_a_member() {
    let dashboard = Dashboard::new();
    let stranger = dashboard.get("/form", None).await.cookie.expect("a cookie");
    let member = dashboard.get("/sign-in", Some(&stranger)).await.cookie.expect("a cookie");
    dashboard.clock.advance(30 * MINUTE);
    assert_eq!(dashboard.get("/look", Some(&member)).await.text, "form_key former_member");
    let noticed = dashboard.get("/notice", Some(&member)).await.cookie.expect("a cookie");
    assert_ne!(noticed.value(), member.value());
    dashboard.clock.advance(12 * HOUR);
    assert_eq!(dashboard.get("/look", Some(&member)).await.text, "", "it is no longer remembered");
    dashboard.clock.advance(-1);
    let view = dashboard.get("/look", Some(&noticed)).await;
    assert_eq!(view.text, "form_key former_member");
    let again = dashboard.get("/sign-in", Some(&noticed)).await.cookie.expect("a cookie");
    let view = dashboard.get("/look", Some(&again)).await;
    assert_eq!(view.text, "form_key member_id reference signed_in_at");
}

#[actix_web::test]
async fn a_forged_cookie_has_no_session() {
    let dashboard = Dashboard::new();
    let cookie = dashboard.get("/sign-in", None).await.cookie.expect("a cookie");
    for value in ["x", "anon.1.abc.def", &cookie.value().replace('=', "x"), &"x".repeat(4000)] {
        let forged = Cookie::new("__Host-latchkey", value.to_owned());
        assert_eq!(dashboard.get("/look", Some(&forged)).await.text, "", "{value}");
    }
}

#[actix_web::test]
async fn a_database_failure_is_an_error() {
    let dashboard = Dashboard::new();
    let cookie = dashboard.get("/sign-in", None).await.cookie.expect("a cookie");
    dashboard.fixture.drop_sessions();
    for (path, cookie) in [("/look", Some(&cookie)), ("/sign-in", None)] {
        let response = dashboard.get_over(path, cookie, true).await;
        assert!(response.is_err(), "{path}");
    }
}
