//! Every example removes the identity headers that a client sends.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use latchkey::gateway::IDENTITY;

/// Files that configure a gateway only together with another one.
const PARTS: [(&str, &str); 2] = [
    ("haproxy/latchkey.lua", "haproxy/haproxy.cfg"),
    ("traefik/traefik.yaml", "traefik/latchkey.yaml"),
];

/// How gateways remove all headers whose name starts with `latchkey`.
const BY_PREFIX: [&str; 5] = [
    "request_header -latchkey*",
    "del-header latchkey -m beg",
    "authresponseheadersregex: ^latchkey",
    "key_matcher: { prefix: latchkey",
    "{ type: prefix, value: latchkey",
];

/// The configurations without comments, in lower case.
fn configurations() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways");
    let mut texts = BTreeMap::new();
    for folder in fs::read_dir(&root).expect("the examples") {
        for file in fs::read_dir(folder.expect("a folder").path()).expect("a folder") {
            let path = file.expect("a file").path();
            let text = fs::read_to_string(&path).expect("text").to_ascii_lowercase();
            let is_comment = |line: &&str| {
                let line = line.trim_start();
                line.starts_with('#') || line.starts_with("--")
            };
            let code: Vec<&str> = text.lines().filter(|line| !is_comment(line)).collect();
            let name = path.strip_prefix(&root).expect("a file of the examples");
            texts.insert(name.display().to_string(), code.join("\n"));
        }
    }
    for (part, whole) in PARTS {
        let part = texts.remove(part).expect(part);
        texts.get_mut(whole).expect(whole).push_str(&part);
    }
    texts
}

#[test]
fn every_example_removes_the_identity_headers_of_clients() {
    let configurations = configurations();
    assert!(configurations.len() >= 12, "{:?}", configurations.keys());
    for (name, text) in &configurations {
        if BY_PREFIX.iter().any(|line| text.contains(line)) {
            continue;
        }
        for header in &IDENTITY {
            assert!(text.contains(header.as_str()), "{name} does not mention {header}");
        }
    }
}
