//! Tests which settings are accepted, which are rejected, and with which message.

use proptest::prelude::*;

use super::*;
use crate::cli::arguments::{self, Command, FillDemo};

pub(super) fn parse(arguments: &[&str]) -> Result<Config, String> {
    Ok(parse_command(arguments)?.1)
}

fn parse_command(arguments: &[&str]) -> Result<(Command, Config), String> {
    parse_in(&[], ["latchkey"].into_iter().chain(arguments.iter().copied()))
}

/// [`parse_command`] with variables of the environment.
fn parse_in<'a>(
    variables: &[(&str, &str)],
    arguments: impl Iterator<Item = &'a str>,
) -> Result<(Command, Config), String> {
    let value_of = |name: &OsStr| {
        let found = variables.iter().find(|(other, _)| name == *other);
        found.map(|(_, value)| OsString::from(value))
    };
    let parsed = Config::parse(arguments.map(OsString::from), value_of);
    parsed.and_then(arguments::settled).map_err(|config_error| config_error.line().to_owned())
}

fn config_error(arguments: &[&str]) -> String {
    let line = parse(arguments).map_or_else(|line| line, |config| panic!("{config:?}"));
    assert!(!line.is_empty() && !line.contains('\n'), "{line}");
    line
}

#[test]
fn without_options_it_serves_this_machine_from_a_file() {
    let (command, config) = parse_command(&[]).expect("a configuration");
    assert!(matches!(command, Command::Serve));
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    let url = config.server.public_url(config.server.listen);
    assert_eq!((url.origin(), url.is_https()), ("http://127.0.0.1:8080", false));
    assert_eq!(config.database.location, Location::Sqlite("./latchkey-data/latchkey.db".into()));
    assert_eq!(config.database.secret_key_file.to_str(), Some("./latchkey-data/secret.key"));
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.server.workers.is_none() && config.server.verify_listen.is_none());
    assert!(!config.server.trusted_proxies.contains([127, 0, 0, 1].into()));
}

#[test]
fn options_may_come_before_or_after_the_command() {
    for arguments in
        [["--listen", "127.0.0.1:0", "migrate"], ["migrate", "--listen", "127.0.0.1:0"]]
    {
        let (command, config) = parse_command(&arguments).expect("a configuration");
        assert_eq!(config.server.listen.port(), 0);
        assert!(matches!(command, Command::Migrate));
    }
    let (command, _) = parse_command(&["demo", "--keys", "7"]).expect("a configuration");
    assert!(matches!(command, Command::Demo(FillDemo { keys: 7, days: 90 })));
}

#[test]
fn a_bad_option_is_rejected_in_one_line_that_names_it() {
    for (arguments, named) in [
        (["--nonsense"].as_slice(), "--nonsense"),
        (&["frobnicate"], "frobnicate"),
        (&["member"], "subcommand"),
        (&["member", "add"], "--email"),
        (&["member", "add", "--name", "A", "--email", "x"], "name@example.com"),
        (&["--listen", "here"], "--listen"),
        (&["--workers", "0"], "--workers"),
        (&["--log-format", "xml"], "--log-format"),
        (&["--trusted-proxies", "10.0.0.0/8,proxy"], "proxy is neither"),
        (&["--webhook-networks", "10.0.0.0/8,inside"], "inside is neither"),
        (&["--mail-networks", "10.0.0.0/8,inside"], "inside is neither"),
        (&["--mail-ehlo-name", "a b"], "give a host name or an address"),
        (&["--public-url", "keys.example.com"], "--public-url"),
        (&["--verify-listen", "127.0.0.1:8080"], "--verify-listen"),
        (&["demo", "--keys", "many"], "--keys"),
        (&["mail"], "subcommand"),
        (&["mail", "set", "--port", "25"], "--host"),
        (&["mail", "set", "--security", "ssl"], "starttls, tls or none"),
        (&["demo", "--days", "731"], "731 is not in 0..=730"),
        (&["demo", "--days=-1"], "--days"),
    ] {
        let line = config_error(arguments);
        assert!(line.contains(named), "{arguments:?}: {line}");
    }
}

#[test]
fn a_secret_key_given_as_a_name_or_an_address_is_rejected_and_not_repeated() {
    use crate::domain::api_keys::{Environment, SecretKey};
    let secret = SecretKey::generate("lk", Environment::Production).expect("random");
    let secret = secret.expose();
    for (name, email) in [(secret, "ines@example.com"), ("Ines", secret)] {
        let line = config_error(&["member", "add", "--name", name, "--email", email]);
        assert!(line.contains("This is a secret key: it must not be stored"), "{line}");
        assert!(line.contains("lk_prod_… (removed)") && !line.contains(&secret[8..]), "{line}");
    }
}

#[test]
fn help_and_version_are_not_errors() {
    for option in ["--help", "--version"] {
        assert_eq!(parse(&[option]).map(|_| ()), Err(String::new()), "{option}");
    }
}

#[test]
fn unknown_variables_are_rejected_only_with_the_prefix_of_latchkey() {
    let check = |name: &str| {
        let variable = (OsString::from(name), OsString::new());
        environment::reject_unknown(&CommandLine::<Command>::command(), std::iter::once(variable))
    };
    let line = check("LATCHKEY_TRUSTED_PROXY").expect_err("refused");
    assert!(line.line().contains("LATCHKEY_TRUSTED_PROXY"));
    for name in [
        "PATH",
        "LATCHKEY",
        "LATCHKEY_LISTEN",
        "LATCHKEY_DATA_DIR",
        "LATCHKEY_DATABASE_URL",
        "LATCHKEY_PUBLIC_URL",
        "LATCHKEY_TRUSTED_PROXIES",
        "LATCHKEY_WEBHOOK_NETWORKS",
        "LATCHKEY_MAIL_NETWORKS",
        "LATCHKEY_MAIL_EHLO_NAME",
        "LATCHKEY_CA_FILE",
        "LATCHKEY_VERIFY_LISTEN",
        "LATCHKEY_SECRET_KEY_FILE",
        "LATCHKEY_WORKERS",
        "LATCHKEY_LOG_FORMAT",
        "LATCHKEY_INSECURE_HTTP",
        "LATCHKEY_INSECURE_VERIFY_HTTP",
        "LATCHKEY_METRICS_LISTEN",
        "LATCHKEY_TLS_CERT",
        "LATCHKEY_TLS_KEY",
    ] {
        assert!(check(name).is_ok(), "{name}");
    }
}

#[test]
fn plain_http_is_limited_to_this_machine_unless_it_is_allowed() {
    for allowed in [
        ["--public-url", "http://localhost:8080", "--listen", "127.0.0.1:8080"].as_slice(),
        &["--public-url", "http://keys.localhost", "--listen", "[::1]:8080"],
        &["--public-url", "https://keys.example.com", "--listen", "0.0.0.0:8080"],
        &["--public-url", "http://keys.example.com", "--insecure-http"],
        &["--listen", "0.0.0.0:8080", "--insecure-http", "--public-url", "http://10.0.0.1:8080"],
        &["--listen", "0.0.0.0:8080", "migrate"],
    ] {
        assert!(parse(allowed).is_ok(), "{allowed:?}");
    }
    for refused in [
        ["--public-url", "http://keys.example.com"].as_slice(),
        &["--listen", "0.0.0.0:8080"],
        &["--public-url", "http://localhost", "--listen", "[::]:8080"],
        &["--public-url", "http://localhost.example.com"],
    ] {
        assert!(config_error(refused).contains("--insecure-http"), "{refused:?}");
    }
}

#[test]
fn the_listener_for_programs_follows_the_same_rule() {
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    for allowed in [
        ["--verify-listen", "127.0.0.1:8081"].as_slice(),
        &["--verify-listen", "[::ffff:127.0.0.1]:8081"],
        &["--verify-listen", "0.0.0.0:8081", "--insecure-verify-http"],
        &[&["--verify-listen", "0.0.0.0:8081", "--listen", "192.0.2.1:8080"], tls.as_slice()]
            .concat(),
        &["--verify-listen", "0.0.0.0:8081", "migrate"],
        &["--metrics-listen", "0.0.0.0:9090"],
    ] {
        assert!(parse(allowed).is_ok(), "{allowed:?}: {:?}", parse(allowed));
    }
    for refused in [
        ["--verify-listen", "0.0.0.0:8081"].as_slice(),
        &["--verify-listen", "192.0.2.1:8081", "--insecure-http"],
        &["--verify-listen", "[::]:8081", "--public-url", "https://keys.example.com"],
    ] {
        assert!(config_error(refused).contains("--insecure-verify-http"), "{refused:?}");
    }
    assert!(config_error(&tls[..2]).contains("--tls-key"));
    assert!(config_error(&tls[2..]).contains("--tls-cert"));
    let config = parse(&tls).expect("a configuration");
    let url = config.server.public_url(config.server.listen);
    assert_eq!((url.origin(), url.is_https()), ("https://127.0.0.1:8080", true));
    let twice = ["--metrics-listen", "127.0.0.1:8080"];
    assert!(config_error(&twice).contains("--metrics-listen"), "two listeners on one address");
}

#[test]
fn a_public_url_is_only_an_origin() {
    for text in ["https://keys.example.com", "https://KEYS.example.com:443/"] {
        assert_eq!(PublicUrl::parse(text).expect("a URL").origin(), "https://keys.example.com");
    }
    for text in [
        "",
        "keys.example.com",
        "ftp://keys.example.com",
        "https://keys.example.com/dashboard",
        "https://keys.example.com/?a",
        "https://keys.example.com/#a",
        "https://a:b@keys.example.com",
        "https://",
    ] {
        assert!(PublicUrl::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_database_is_a_file_or_postgresql() {
    let location = |url: &str| {
        let arguments = ["--database-url", url, "--secret-key-file", "key"];
        parse(&arguments).map(|config| config.database.location)
    };
    for url in ["postgres://u:pw@h/d", "postgresql:///d?host=/run"] {
        assert_eq!(location(url), Ok(Location::Postgres(url.into())));
    }
    for url in ["sqlite:/x/a.db", "sqlite:///x/a.db", "/x/a.db"] {
        assert_eq!(location(url), Ok(Location::Sqlite("/x/a.db".into())));
    }
    for url in ["mysql://u:hunter2@h/d", "sqlite:", "postgress://u:hunter2@h"] {
        let line = location(url).expect_err("refused");
        assert!(line.contains("--database-url") && !line.contains("hunter2"), "{line}");
    }
    assert!(config_error(&["--database-url", "postgres://h/d"]).contains("--secret-key-file"));
}

proptest! {
    #[test]
    fn a_trusted_network_is_trusted_however_it_is_written(bits: u32, length in 0_u8..=32) {
        let address = std::net::Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = address.octets();
        let mapped = format!("::ffff:{a}.{b}.{c}.{d}/{}", length + 96);
        for text in [format!(" {address}/{length} ,"), mapped] {
            let trusted = TrustedProxies::parse(&text).expect("networks");
            prop_assert!(trusted.contains(address.into()), "{}", text);
            prop_assert!(trusted.contains(address.to_ipv6_mapped().into()), "{}", text);
            let other = std::net::Ipv4Addr::from_bits(bits ^ 1 << 31);
            prop_assert_eq!(trusted.contains(other.into()), length == 0, "{}", text);
        }
        let single = TrustedProxies::parse(&address.to_string()).expect("an address");
        prop_assert!(!single.contains(std::net::Ipv4Addr::from_bits(bits ^ 1).into()));
    }
}

#[test]
fn white_space_around_the_value_of_a_variable_is_ignored() {
    let variables = [
        ("LATCHKEY_PUBLIC_URL", " https://keys.example.com\n"),
        ("LATCHKEY_DATABASE_URL", "/data/latchkey.db\r\n"),
        ("LATCHKEY_WORKERS", "3\n"),
        ("LATCHKEY_INSECURE_HTTP", "yes\n"),
    ];
    let (_, config) = parse_in(&variables, ["latchkey"].into_iter()).expect("a configuration");
    let origin = config.server.public_url.map(|url| url.origin().to_owned());
    assert_eq!(origin.as_deref(), Some("https://keys.example.com"));
    assert_eq!(config.database.location, Location::Sqlite("/data/latchkey.db".into()));
    assert_eq!(config.server.workers.map(usize::from), Some(3));
    assert!(config.server.insecure_http);
    let typed = ["latchkey", "--workers", "2"].into_iter();
    let (_, config) = parse_in(&variables, typed).expect("a configuration");
    assert_eq!(config.server.workers.map(usize::from), Some(2), "options come first");
    let line = parse_in(&[("LATCHKEY_WORKERS", "x\n")], ["latchkey"].into_iter());
    assert!(line.expect_err("refused").contains("whole number"));
}

#[test]
fn an_empty_variable_counts_as_unset_except_for_the_database() {
    let command = CommandLine::<Command>::command();
    let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let (database, others): (Vec<_>, Vec<_>) =
        variables.partition(|name| *name == "LATCHKEY_DATABASE_URL");
    for empty in ["", " ", "\n"] {
        let unset: Vec<_> = others.iter().map(|name| (*name, empty)).collect();
        let (_, config) = parse_in(&unset, ["latchkey"].into_iter()).expect("a configuration");
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        let line = parse_in(&[(database[0], empty)], ["latchkey"].into_iter());
        assert!(line.expect_err("refused").contains("LATCHKEY_DATABASE_URL"));
    }
    assert!(config_error(&["--database-url", ""]).contains("is empty"));
}

#[test]
fn an_unspecified_address_needs_a_url_that_browsers_can_use() {
    for every in ["0.0.0.0:8080", "[::]:8080", "[::ffff:0.0.0.0]:8080"] {
        assert!(
            config_error(&["--listen", every, "--insecure-http"]).contains("--public-url"),
            "{every}"
        );
    }
    for (typed, form) in [("::1:8080", "[::1]:8080"), ("localhost:8080", "names are not taken")] {
        assert!(config_error(&["--listen", typed]).contains(form), "{typed}");
    }
}
