//! Questions of gateways that are not understood: who learns of them, and where.

use super::wire::Request;
use super::{CLIENT, Key, authorize_request, code, outcome, unknown_secret};
use crate::support::{App, Page};

const TITLE: &str = "A gateway asks a question that Latchkey does not understand";

fn ask(app: &App, query: &str, secret: &str) -> (u16, String) {
    outcome(&authorize_request(app, query).bearer(secret).send())
}

fn attention(app: &App) -> Page {
    app.write_usage();
    app.super_manager().get("/attention")
}

#[test]
fn a_question_with_a_genuine_key_is_shown_once_under_needs_attention_for_a_week() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for query in ["page=2", "page=3", "scope="] {
        assert_eq!(ask(&app, query, &key.secret), code(503, "unavailable"));
    }
    let prefixed = Request::new(&app.url, "GET", "/v1/ext-authz/page=2/x").from(CLIENT);
    assert_eq!(outcome(&prefixed.bearer(&key.secret).send()), code(503, "unavailable"));
    let page = attention(&app);
    assert_eq!(page.body.matches(TITLE).count(), 1, "{}", page.body);
    let text = page.text("#gateway-question");
    assert!(
        text.contains("The question contains “page”") || text.contains("an empty “scope”"),
        "{text}"
    );
    assert!(text.contains("4 requests were denied with a valid key"), "{text}");
    assert!(text.contains("one other mistake"), "{text}");
    app.advance(8 * latchkey::base::clock::DAY);
    assert!(!attention(&app).body.contains(TITLE));
}

#[test]
fn a_question_without_a_genuine_key_is_not_shown() {
    let app = App::set_up();
    let unknown = unknown_secret();
    for _ in 0..3 {
        assert_eq!(ask(&app, "page=2", &unknown), code(503, "unavailable"));
        assert_eq!(outcome(&authorize_request(&app, "page=2").send()), code(503, "unavailable"));
    }
    assert!(!attention(&app).body.contains(TITLE));
    assert_eq!(app.count("invalid_questions"), 0);
}

#[test]
fn any_number_of_different_mistakes_stays_within_a_limit() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for round in 0..8 {
        for number in 0..25 {
            ask(&app, &format!("p{round}x{number}=1"), &key.secret);
        }
        app.write_usage();
    }
    assert_eq!(app.count("invalid_questions"), 100);
}
