//! The whole flow with a certified provider, `oidc-provider` on Node. `npm ci` in `tests/provider`
//! installs it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey::base::clock::MINUTE;
use latchkey::base::outgoing::Policy;
use latchkey::domain::members::RequestedAccess;
use latchkey::domain::sso::{self, MappingDraft, Person, Purpose, Refusal, SingleSignOn};
use reqwest::blocking::{Client as Http, Response};
use reqwest::redirect;
use scraper::{Html, Selector};
use url::Url;

use super::provider_address;
use crate::support::App;
use crate::support::certified::{self, Certified};

const INES: &str = "ines@meridianfreight.example";

fn browser() -> Http {
    let builder = Http::builder().cookie_store(true).redirect(redirect::Policy::none());
    builder.build().expect("a browser")
}

/// Fills in the form on a page of the provider, whose name for the person is `login`.
fn fill_in(http: &Http, page: Response, login: &str) -> Response {
    let url = page.url().clone();
    let html = Html::parse_document(&page.text().expect("text"));
    let select = |text| Selector::parse(text).expect("a selector");
    let (form, field) = (select("form"), select("input[name], button[name]"));
    let form = html.select(&form).next().expect("a form");
    let action = url.join(form.value().attr("action").unwrap_or_default()).expect("a URL");
    let fields = form.select(&field).filter_map(|input| {
        let name = input.value().attr("name")?;
        let value = match name {
            "login" => login,
            "password" => "x",
            _ => input.value().attr("value").unwrap_or_default(),
        };
        Some((name.to_owned(), value.to_owned()))
    });
    // The button that confirms signing out is outside the form.
    let fields = fields.chain([("logout".to_owned(), "yes".to_owned())]);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = http.post(action).header("content-type", "application/x-www-form-urlencoded");
    request.body(body).send().expect("an answer")
}

/// Goes to the provider, signs in as `login`, and returns where the provider leads back to.
fn pass(http: &Http, app: &App, start: &Url, login: &str) -> String {
    let mut answer = http.get(start.clone()).send().expect("an answer");
    for _ in 0..12 {
        if answer.status().is_redirection() {
            let location = answer.headers()["location"].to_str().expect("text").to_owned();
            if let Some(path) = location.strip_prefix(&app.url) {
                return path.to_owned();
            }
            let next = answer.url().join(&location).expect("a URL");
            answer = http.get(next).send().expect("an answer");
        } else {
            answer = fill_in(http, answer, login);
        }
    }
    panic!("the provider does not lead back")
}

#[test]
fn members_sign_in_at_a_certified_provider_with_each_algorithm() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let app = certified::app_now();
        let provider = Certified::start(&app, algorithm);
        certified::turn_on(&app, &provider);
        let client = app.anonymous();
        let url = provider_address(&client.submit_from("/sign-in", "/sign-in/sso", &[]));
        let page = client.get(&pass(&browser(), &app, &url, "ines"));
        assert_eq!((page.status, page.location()), (303, "/account"), "{algorithm}: {}", page.body);
        assert!(client.get("/account").body.contains(INES), "{algorithm}");
    }
}

#[test]
fn groups_of_a_certified_provider_give_access_and_its_logout_ends_sessions() {
    let app = certified::app_now();
    let provider = Certified::start(&app, "RS256");
    certified::turn_on(&app, &provider);
    let requested =
        RequestedAccess { super_manager: "yes".into(), permissions: vec!["api.key.view".into()] };
    let draft = MappingDraft { group: "keys".into(), requested };
    app.write(|tx, context| sso::save_mapping(tx, None, &draft, context).map(drop));
    let (client, http) = (app.anonymous(), browser());
    let url = provider_address(&client.submit_from("/sign-in", "/sign-in/sso", &[]));
    let page = client.get(&pass(&http, &app, &url, "ines+keys+staff"));
    assert_eq!((page.status, page.location()), (303, "/api-keys"), "{}", page.body);
    assert_eq!(client.get("/api-keys").status, 200);
    // Signing out at the provider ends the session here.
    let end = format!("{}/session/end", provider.issuer);
    let asked = http.get(end).send().expect("a page");
    fill_in(&http, asked, "");
    let began = Instant::now();
    while client.get("/api-keys").status == 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "the provider reports the logout");
        std::thread::sleep(Duration::from_millis(100));
    }
    let events = "activity WHERE event = 'session.ended_by_provider'";
    assert_eq!(app.count(events), 1);
}

#[test]
fn a_certified_provider_says_when_somebody_showed_who_they_are_if_it_is_asked() {
    let app = certified::app_now();
    let provider = Certified::start(&app, "ES256");
    certified::turn_on(&app, &provider);
    let (http, now) = (browser(), app.site.clock.now());
    let stored = app.read(|c| sso::provider(c, &app.site.keyring)).expect("a provider");
    let single = SingleSignOn::new(&Policy::from(&app.site), app.site.clock.clone());
    let (single, runtime) = (Arc::new(single), tokio::runtime::Runtime::new().expect("a runtime"));
    let person = |is_fresh: bool| -> Person {
        let purpose = (Purpose::SignIn, String::new());
        let (sso, uri) = (Arc::clone(&single), certified::redirect_uri(&app));
        let started = sso.start(stored.clone(), uri.clone(), purpose, is_fresh, now);
        let started = runtime.block_on(started).expect("started").map_err(Refusal::message);
        let started = started.expect("started");
        let back = pass(&http, &app, &started.url, "ines");
        let back = Url::parse(&format!("{}{back}", app.url)).expect("a URL");
        let code = super::parameter(&back, "code");
        let (sso, attempt) = (Arc::clone(&single), started.attempt);
        let finished = sso.finish(stored.clone(), uri, attempt, code, now);
        let finished = runtime.block_on(finished).expect("finished");
        finished.map_err(Refusal::message).expect("a person")
    };
    assert_eq!(person(false).authenticated_at, None);
    let at = person(true).authenticated_at.expect("a time");
    assert!((0..MINUTE).contains(&(now.since(at).abs())), "{at:?}");
}
