//! Which keys pass, and what clients learn when theirs does not.

use std::sync::atomic::{AtomicBool, Ordering};

use latchkey::base::clock::DAY;
use latchkey::domain::api_keys::{Environment, SecretKey};

use crate::client::ADDRESS;
use crate::gateway::Gateway;
use crate::setup::{Setup, assert_identity};

pub fn a_valid_key_passes_and_the_api_receives_its_identity(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    for path in ["/orders", "/orders/", "/orders/42?page=2&scope=x&environment=staging"] {
        let request = setup.assert_passed(&setup.client.get_as(&key.secret, path));
        assert_eq!((request.method.as_str(), request.uri.as_str()), ("GET", path));
        assert_identity(&request, &key);
    }
}

pub fn a_request_body_reaches_the_api(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    for length in [0, 3, 100_000] {
        let body: Vec<u8> = (0..=255).cycle().take(length).collect();
        let page = setup.client.post_as(&key.secret, "/orders/", body.clone());
        let request = setup.assert_passed(&page);
        assert_eq!(request.method, "POST");
        assert!(request.body == body, "{length}");
        assert_identity(&request, &key);
    }
}

pub fn every_denial_stops_at_the_gateway_and_says_why(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let (latchkey, client) = (&setup.latchkey, &setup.client);
    let get = |secret: &str| client.get_as(secret, "/orders/1");

    setup.assert_denied(&client.get("/orders/1", &[]), 401, "missing_key");
    setup.assert_denied(&get("key_7QF2M8KDX4TN"), 401, "malformed_key");
    let unknown = SecretKey::generate("lk", Environment::Production);
    setup.assert_denied(&get(unknown.expect("random").expose()), 401, "invalid_key");

    let reader = latchkey.key(|draft| draft.role = "read-only".into());
    setup.assert_passed(&get(&reader.secret));
    let page = client.post_as(&reader.secret, "/orders/", "{}");
    setup.assert_denied(&page, 403, "scope_missing");
    assert!(page.header("www-authenticate").contains(r#"scope="orders:write""#));
    let narrow = latchkey.key(|draft| {
        draft.access = "selected".into();
        draft.scopes = vec!["reports:read".into()];
    });
    setup.assert_denied(&get(&narrow.secret), 403, "scope_missing");
    setup.assert_passed(&client.get_as(&narrow.secret, "/reports/1"));

    let staging = latchkey.key(|draft| draft.environment = "staging".into());
    setup.assert_denied(&get(&staging.secret), 403, "environment_mismatch");
    let elsewhere = latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7\n127.0.0.1".into());
    setup.assert_denied(&get(&elsewhere.secret), 403, "address_not_allowed");
    let here = latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    setup.assert_passed(&get(&here.secret));

    // Two keys in one request, of which at least one is valid. nginx itself denies this with 400.
    let (good, bad) = (format!("Bearer {}", here.secret), format!("Bearer {}", staging.secret));
    for pair in [[&good, &bad], [&bad, &good], [&good, &good]] {
        let page = client.get("/orders/1", &pair.map(|value| ("authorization", value.as_str())));
        assert!(matches!(page.status, 400 | 401), "{}", page.status);
        assert!(setup.api.take_requests().is_empty());
    }
}

pub fn a_revoked_key_is_denied_on_the_next_request(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let manager = setup.latchkey.super_manager();
    let key = setup.key();
    for _ in 0..3 {
        setup.assert_passed(&setup.client.get_as(&key.secret, "/orders/1"));
    }
    let revoke = format!("/api-keys/{}/revoke", key.id.as_str());
    let last_four = &key.id.as_str()[key.id.as_str().len() - 4..];
    let page = manager.submit(&revoke, &[("confirm", last_four)]);
    assert_eq!(page.status, 303, "{}", page.body);
    for _ in 0..3 {
        let page = setup.client.get_as(&key.secret, "/orders/1");
        setup.assert_denied(&page, 401, "key_revoked");
    }
}

pub fn a_disabled_key_is_denied_until_it_is_enabled(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let manager = setup.latchkey.super_manager();
    let key = setup.key();
    let get = || setup.client.get_as(&key.secret, "/orders/1");
    setup.assert_passed(&get());
    let id = key.id.as_str();
    let fields = [("reason", "Nobody knows who uses it"), ("confirm", &id[id.len() - 4..])];
    for _ in 0..2 {
        assert_eq!(manager.submit(&format!("/api-keys/{id}/disable"), &fields).status, 303);
        setup.assert_denied(&get(), 401, "key_disabled");
        assert_eq!(manager.submit(&format!("/api-keys/{id}/enable"), &[]).status, 303);
        setup.assert_passed(&get());
    }
}

pub fn an_expired_key_is_denied(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    setup.assert_passed(&setup.client.get_as(&key.secret, "/orders/1"));
    setup.latchkey.advance(31 * DAY);
    setup.assert_denied(&setup.client.get_as(&key.secret, "/orders/1"), 401, "key_expired");
}

/// One client keeps using the old secret while another one uses the new secret. Then the old secret
/// is stopped.
pub fn a_rotation_denies_no_request_with_either_secret(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    let manager = setup.latchkey.super_manager();
    let path = format!("/api-keys/{}", key.id.as_str());
    let is_rotated = AtomicBool::new(false);
    let send_requests = |secret: &str| {
        let mut sent_after = 0;
        while sent_after < 50 {
            sent_after += usize::from(is_rotated.load(Ordering::SeqCst));
            let page = setup.client.get_as(secret, "/orders/1");
            assert_eq!(page.status, 200, "{}", page.body);
        }
    };
    let new = std::thread::scope(|scope| {
        let old = scope.spawn(|| send_requests(&key.secret));
        let fields = [("overlap", "7d"), ("lifetime", "90")];
        let page = manager.submit(&format!("{path}/rotate"), &fields);
        let new = page.secret();
        assert_eq!(setup.client.get_as(&new, "/orders/1").status, 200, "the new secret works");
        is_rotated.store(true, Ordering::SeqCst);
        send_requests(&new);
        old.join().expect("no request was denied");
        new
    });
    setup.api.take_requests();
    assert_eq!(manager.submit(&format!("{path}/stop-old-secret"), &[]).status, 303);
    let page = setup.client.get_as(&key.secret, "/orders/1");
    setup.assert_denied(&page, 401, "secret_superseded");
    setup.assert_passed(&setup.client.get_as(&new, "/orders/1"));
}
