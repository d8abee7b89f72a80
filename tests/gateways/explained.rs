//! Requests that nginx denies, for every reason, and what the dashboard says about the request IDs
//! that its clients receive.

use latchkey::base::clock::DAY;

use crate::client::Client;
use crate::gateway::Gateway;
use crate::latchkey::{Key, Latchkey};
use crate::server::Server;
use crate::setup::assert_problem;
use crate::support::Page;

#[test]
fn every_denial_at_nginx_is_explained() {
    let (latchkey, api) = (Latchkey::new(), Server::api());
    let running = Gateway::Nginx.start(latchkey.address, api.address);
    let client = Client::new(running.address);
    let expired = latchkey.key(|_| {});
    latchkey.advance(31 * DAY);
    let manager = latchkey.super_manager();
    let key = |name: &str| latchkey.key(|draft| draft.name = name.to_owned());
    let [revoked, replaced, good] = ["Revoked", "Replaced", "Good"].map(key);
    let reader = latchkey.key(|draft| draft.role = "read-only".into());
    let staging = latchkey.key(|draft| draft.environment = "staging".into());
    let elsewhere = latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7".into());
    let path = format!("/api-keys/{}/revoke", revoked.id.as_str());
    assert_eq!(manager.submit(&path, &[]).status, 303);
    let path = format!("/api-keys/{}/rotate", replaced.id.as_str());
    assert_eq!(manager.submit(&path, &[("overlap", "now"), ("lifetime", "30")]).status, 200);

    let get = |secret: &str| client.get_as(secret, "/orders/1");
    let typo = good.secret.replace("prod", "stag");
    let unknown = crate::support::App::set_up().super_manager().create_key(&[]).secret();
    let denials: [(Page, u16, &str, Option<&Key>); 12] = [
        (client.get("/orders/1", &[]), 401, "No API key", None),
        (get(good.id.as_str()), 401, "A Key ID in place of the secret key", None),
        (get(&good.secret[..50]), 401, "The secret key is cut off", None),
        (get(&typo), 401, "A typo in the secret key", None),
        (get(&format!("\"{}\"", good.secret)), 401, "Something stands around the secret key", None),
        (get(&unknown), 401, "Secret key does not match", None),
        (get(&replaced.secret), 401, "Secret key was replaced", Some(&replaced)),
        (get(&revoked.secret), 401, "Key revoked", Some(&revoked)),
        (get(&expired.secret), 401, "Key expired", Some(&expired)),
        (
            client.post_as(&reader.secret, "/orders/1", "{}"),
            403,
            "Scope missing: orders:write",
            Some(&reader),
        ),
        (get(&elsewhere.secret), 403, "Address not in the IP whitelist", Some(&elsewhere)),
        (get(&staging.secret), 403, "Key of another environment", Some(&staging)),
    ];
    latchkey.write_usage();
    for (page, status, expected, key) in denials {
        assert_eq!(page.status, status, "{expected}");
        let request_id = assert_problem(&page, page.header("latchkey-code"));
        if let Some(key) = key {
            let page = manager.get(&format!("/diagnosis?q={}", key.id.as_str()));
            assert_eq!(page.all("#refusals h3"), [expected], "{}", page.body);
        } else {
            let page = manager.get(&format!("/diagnosis?q={request_id}"));
            assert_eq!(page.text("#answer h2"), expected, "{}", page.body);
            assert!(page.body.contains("GET /orders/1"), "{}", page.body);
        }
    }
    assert_eq!(get(&good.secret).status, 200);
}
