//! The lines of `X-Forwarded-For` that a trusted proxy sends, and the lines of an IP whitelist.
//!
//! With `LATCHKEY_FUZZ_RESULTS` it appends each input in hexadecimal and the client's address, or
//! `none`, to that file: `tests/fuzz` compares them with what Python's `ipaddress` makes of them.

#![no_main]

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;

use latchkey::config::TrustedProxies;
use latchkey::domain::api_keys::IpWhitelist;
use latchkey::web::client_address::from_forwarded_for;
use libfuzzer_sys::fuzz_target;

/// A trusted proxy, and a stranger.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

fuzz_target!(|data: &[u8]| {
    static TRUSTED: OnceLock<TrustedProxies> = OnceLock::new();
    let trusted = TRUSTED
        .get_or_init(|| TrustedProxies::parse("10.0.0.0/8, 2001:db8::/32").expect("networks"));
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let client = from_forwarded_for(PROXY, &lines, trusted);
    if let Some(address) = client {
        assert_eq!(address, address.to_canonical(), "mapped");
        assert!(!trusted.contains(address), "a proxy for a client");
    }
    assert_eq!(
        from_forwarded_for(STRANGER, &lines, trusted),
        Some(STRANGER),
        "a stranger was believed"
    );
    whitelist(data);
    if let Some(mut results) = results() {
        let input: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        let client = client.map_or("none".into(), |address| address.to_string());
        writeln!(results, "{input} {client}").expect("the results can be written");
    }
});

/// What a whitelist is read from and what it is shown as mean the same.
fn whitelist(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(list) = IpWhitelist::parse(text) else { return };
    assert!(list.addresses().iter().all(|address| *address == address.to_canonical()), "mapped");
    assert_eq!(IpWhitelist::parse(&list.to_string()), Ok(list), "another list");
}

fn results() -> Option<&'static File> {
    static RESULTS: OnceLock<Option<File>> = OnceLock::new();
    let open = || {
        #[expect(
            clippy::disallowed_methods,
            reason = "a fuzz target has no command line of its own"
        )]
        let path = std::env::var_os("LATCHKEY_FUZZ_RESULTS")?;
        Some(OpenOptions::new().create(true).append(true).open(path).expect("a file"))
    };
    RESULTS.get_or_init(open).as_ref()
}
