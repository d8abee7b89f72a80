//! The guides: the example configuration of each gateway, with the address of this server.

use url::Host;

use crate::config::PublicUrl;

/// The address of Latchkey in the examples.
const LATCHKEY: &str = "127.0.0.1:8080";
/// The same, as Envoy writes it.
const ENVOY_LATCHKEY: &str = "address: 127.0.0.1, port_value: 8080";
/// The start of Envoy's cluster for Latchkey. Without a type it only takes IP addresses.
const ENVOY_CLUSTER: &str = "  - name: latchkey\n    connect_timeout";
const ENVOY_NAMED_CLUSTER: &str = "  - name: latchkey\n    type: STRICT_DNS\n    connect_timeout";

/// How an API is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A gateway that asks at this server's address.
    Gateway,
    /// A gateway in a cluster, which asks a service.
    Kubernetes,
    /// The API's own code.
    Code,
}

/// One way to protect an API.
#[derive(Debug)]
pub(super) struct Guide {
    /// Its name in the URL.
    pub slug: &'static str,
    /// The tab that it is under.
    pub tab: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    pub files: &'static [Example],
    /// The command that applies the configuration; empty if there is none.
    pub apply: &'static str,
}

/// A file under `examples/`.
#[derive(Debug)]
pub(super) struct Example {
    /// Where to save it.
    pub name: &'static str,
    text: &'static str,
}

/// Embeds a file, so that a page shows what the tests run.
macro_rules! example {
    ($path:literal, $name:literal) => {
        Example {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/", $path)),
        }
    };
}

macro_rules! guides {
    ($($kind:ident $tab:literal: $slug:literal $name:literal [$($path:literal as $file:literal),+] $apply:literal;)+) => {
        pub(super) static GUIDES: &[Guide] = &[$(Guide {
            slug: $slug,
            tab: $tab,
            name: $name,
            kind: Kind::$kind,
            files: &[$(example!($path, $file)),+],
            apply: $apply,
        }),+];
    };
}

guides! {
    Gateway "nginx": "nginx" "nginx"
        ["gateways/nginx/latchkey.conf" as "/etc/nginx/conf.d/latchkey.conf"]
        "sudo nginx -t && sudo systemctl reload nginx";
    Gateway "Caddy": "caddy" "Caddy"
        ["gateways/caddy/Caddyfile" as "/etc/caddy/Caddyfile"]
        "sudo systemctl reload caddy";
    Gateway "HAProxy": "haproxy" "HAProxy"
        ["gateways/haproxy/haproxy.cfg" as "/etc/haproxy/haproxy.cfg",
         "gateways/haproxy/latchkey.lua" as "/etc/haproxy/latchkey.lua"]
        "sudo haproxy -c -f /etc/haproxy/haproxy.cfg && sudo systemctl reload haproxy";
    Gateway "Envoy": "envoy" "Envoy 1.40 or newer"
        ["gateways/envoy/envoy.yaml" as "/etc/envoy/envoy.yaml"]
        "envoy --mode validate -c /etc/envoy/envoy.yaml && envoy -c /etc/envoy/envoy.yaml";
    Gateway "Envoy": "envoy-path-prefix" "Older versions of Envoy"
        ["gateways/envoy/path-prefix.yaml" as "/etc/envoy/envoy.yaml"]
        "envoy --mode validate -c /etc/envoy/envoy.yaml && envoy -c /etc/envoy/envoy.yaml";
    Gateway "Traefik": "traefik" "Traefik"
        ["gateways/traefik/traefik.yaml" as "/etc/traefik/traefik.yaml",
         "gateways/traefik/latchkey.yaml" as "/etc/traefik/latchkey.yaml"]
        "traefik --configFile=/etc/traefik/traefik.yaml";
    Kubernetes "Kubernetes": "envoy-gateway" "Envoy Gateway"
        ["gateways/kubernetes/envoy-gateway.yaml" as "latchkey.yaml"]
        "kubectl apply -f latchkey.yaml";
    Kubernetes "Kubernetes": "istio" "Istio"
        ["gateways/kubernetes/istio.yaml" as "latchkey.yaml"]
        "istioctl install -f latchkey.yaml && kubectl apply -f latchkey.yaml";
    Kubernetes "Kubernetes": "gateway-api" "Gateway API"
        ["gateways/kubernetes/gateway-api.yaml" as "latchkey.yaml"]
        "kubectl apply -f latchkey.yaml";
    Kubernetes "Kubernetes": "emissary" "Emissary"
        ["gateways/kubernetes/emissary.yaml" as "latchkey.yaml"]
        "kubectl apply -f latchkey.yaml";
    Kubernetes "Kubernetes": "apisix" "APISIX"
        ["gateways/kubernetes/apisix.yaml" as "latchkey.yaml"]
        "kubectl apply -f latchkey.yaml";
    Kubernetes "Kubernetes": "ingress-nginx" "ingress-nginx"
        ["gateways/kubernetes/ingress.yaml" as "latchkey.yaml"]
        "kubectl apply -f latchkey.yaml";
    Code "In code": "curl" "curl" ["code/curl.sh" as "introspect.sh"] "";
    Code "In code": "express" "Express" ["code/express.js" as "express.js"] "";
    Code "In code": "fastapi" "FastAPI" ["code/fastapi_app.py" as "fastapi_app.py"] "";
    Code "In code": "actix" "actix-web" ["code/actix.rs" as "actix.rs"] "";
}

impl Guide {
    /// The guide with this name.
    pub(super) fn find(slug: &str) -> Option<&'static Self> {
        GUIDES.iter().find(|guide| guide.slug == slug)
    }

    /// Whether the gateway asks at this server's address.
    pub(super) fn is_gateway(&self) -> bool {
        self.kind == Kind::Gateway
    }

    pub(super) fn is_code(&self) -> bool {
        self.kind == Kind::Code
    }
}

impl Example {
    /// The file for a server at `url`.
    pub(super) fn for_server(&self, url: &PublicUrl) -> String {
        let (host, port) = (url.host(), url.port());
        let bare = match host {
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        };
        let text = self.text.replace(LATCHKEY, &format!("{host}:{port}"));
        let envoy = format!("address: \"{bare}\", port_value: {port}");
        let envoy = if matches!(host, Host::Ipv6(_)) { envoy } else { envoy.replace('"', "") };
        let text = text.replace(ENVOY_LATCHKEY, &envoy);
        match host {
            Host::Domain(_) => text.replace(ENVOY_CLUSTER, ENVOY_NAMED_CLUSTER),
            Host::Ipv4(_) | Host::Ipv6(_) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn url(text: &str) -> PublicUrl {
        PublicUrl::parse(text).expect("a URL")
    }

    fn examples() -> impl Iterator<Item = &'static Example> {
        GUIDES.iter().flat_map(|guide| guide.files)
    }

    #[test]
    fn every_example_is_in_a_guide_unchanged_except_for_the_address() {
        let mut stored = BTreeSet::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    stored.insert(fs::read_to_string(path).expect("text"));
                }
            }
        }
        let usual = url("http://127.0.0.1:8080");
        let shown: BTreeSet<String> = examples().map(|file| file.for_server(&usual)).collect();
        assert_eq!(shown, stored);
    }

    #[test]
    fn each_gateway_asks_at_the_address_of_this_server() {
        for (server, plain, envoy) in [
            ("http://192.0.2.7:9090", "192.0.2.7:9090", "address: 192.0.2.7, port_value: 9090"),
            ("http://[::1]:9090", "[::1]:9090", "address: \"::1\", port_value: 9090"),
            ("https://keys.example.com", "keys.example.com:443", "address: keys.example.com, "),
        ] {
            for guide in GUIDES.iter().filter(|guide| guide.is_gateway()) {
                let texts = guide.files.iter().map(|file| file.for_server(&url(server)));
                let text: String = texts.collect();
                assert!(!text.contains(LATCHKEY) && !text.contains(ENVOY_LATCHKEY), "{text}");
                let is_envoy = guide.tab == "Envoy";
                let address = if is_envoy { envoy } else { plain };
                assert!(text.contains(address), "{}: {text}", guide.slug);
                let resolves = text.contains("type: STRICT_DNS");
                assert_eq!(resolves, is_envoy && server.contains("keys"), "{}", guide.slug);
            }
        }
    }
}
