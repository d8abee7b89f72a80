//! The path of a gateway that appends its client's path to a question: no client changes the question.

#![no_main]

use latchkey::gateway::ext_authz;
use libfuzzer_sys::fuzz_target;

/// What the operator configured.
const QUESTION: &str = "scope=orders:write&environment=production";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let asked = format!("{}/{QUESTION}/{text}", ext_authz::PATH);
    if let Ok(path) = ext_authz::parse(&asked) {
        assert_eq!(path.question, QUESTION, "{text:?}");
        assert_eq!(path.target, format!("/{text}"));
        assert!(!resolves(path.target.split('?').next().unwrap_or_default()), "{text:?}");
    }
    // Whatever the question is, it ends at the first slash.
    let asked = format!("{}/{text}", ext_authz::PATH);
    if let Ok(path) = ext_authz::parse(&asked) {
        let (segment, rest) = text.split_once('/').expect("a slash ends the question");
        assert!(!segment.is_empty() && !segment.contains('?'), "{text:?}");
        assert_eq!(path.target, format!("/{rest}"));
        assert!(!path.question.contains(['/', '?', '#', '\\', '\0', '\n']), "{text:?}");
    }
});

/// Whether a server that decodes the path once would resolve a segment of it.
fn resolves(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let decoded = lower.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    decoded.replace('\\', "/").split('/').any(|segment| segment == "." || segment == "..")
}
