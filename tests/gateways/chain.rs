//! A proxy between Envoy and Latchkey. Envoy appends the client's path to the question, so a path
//! with dot segments must not remove the question.

use std::fs;
use std::path::Path;

use crate::client::Client;
use crate::gateway::{Gateway, Running};
use crate::latchkey::{Key, Latchkey};
use crate::server::Server;

/// Paths of which the second part would replace the question if a server resolved them.
const HOSTILE: [&str; 5] = ["/../-/x", "/%2e%2e/-/x", "/.%2e/-/x", "/orders/../../-/x", "//../-/x"];

struct Chain {
    reader: Key,
    writer: Key,
    api: Server,
    client: Client,
    _latchkey: Latchkey,
    _gateways: [Running; 2],
}

impl Chain {
    /// Every path needs `orders:write`.
    fn new(normalises: bool) -> Self {
        let (latchkey, api) = (Latchkey::new(), Server::api());
        let nginx = Gateway::Nginx.start_for_dashboard(latchkey.address);
        let change = |folder: &Path| {
            let file = folder.join("envoy.yaml");
            let mut text = fs::read_to_string(&file).expect("its configuration");
            let mut replace = |from: &str, to: &str| {
                assert!(text.contains(from), "{from}");
                text = text.replacen(from, to, 1);
            };
            replace("path_separated_prefix: /orders", "prefix: /");
            replace("scope=orders:read", "scope=orders:write");
            if !normalises {
                replace("normalize_path: true", "normalize_path: false");
                replace("merge_slashes: true", "merge_slashes: false");
                replace("path_with_escaped_slashes_action: REJECT_REQUEST", "");
            }
            fs::write(file, text).expect("written");
        };
        let envoy = Gateway::EnvoyPrefix.start_after(change, nginx.address, api.address);
        let client = Client::new(envoy.address);
        let reader = latchkey.key(|draft| {
            draft.access = "selected".into();
            draft.scopes = vec!["orders:read".into()];
        });
        let writer = latchkey.key(|_| {});
        Self { reader, writer, api, client, _latchkey: latchkey, _gateways: [envoy, nginx] }
    }

    /// Asserts that the response to every hostile path contains `expected`, and that other paths are
    /// allowed with the scope.
    fn assert_hostile_paths_get(&self, expected: &[&str]) {
        for path in HOSTILE {
            let response = self.client.response_to(&self.reader.secret, path);
            let matches = expected.iter().all(|text| response.contains(text));
            assert!(matches, "{path}: {response}");
            assert!(self.api.take_requests().is_empty(), "{path}");
        }
        let page = self.client.get_as(&self.reader.secret, "/x");
        assert_eq!((page.status, page.header("latchkey-code")), (403, "scope_missing"));
        assert_eq!(self.client.get_as(&self.writer.secret, "/x").status, 200);
    }
}

#[test]
fn a_proxy_behind_envoy_does_not_let_a_client_replace_the_question() {
    let denial = ["HTTP/1.1 403", "scope_missing", "orders:write"];
    Chain::new(true).assert_hostile_paths_get(&denial);
}

/// Latchkey sees the dot segments, because nginx sends the path on as it is.
#[test]
fn dot_segments_that_envoy_does_not_resolve_get_503() {
    Chain::new(false).assert_hostile_paths_get(&["HTTP/1.1 503"]);
}
