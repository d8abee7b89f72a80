//! Reads the servers from a PostgreSQL URL, and adds defaults to it. The text is parsed like libpq
//! does, since it may name several hosts, which other URL parsers reject.

use std::time::Duration;

/// A name for operators, and limits on how long a dead server goes unnoticed: seconds for
/// connecting and between keepalives, milliseconds for the acknowledgement of sent data.
const DEFAULTS: [(&str, &str); 6] = [
    ("application_name", "latchkey"),
    (CONNECT_TIMEOUT, "3"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "2"),
    ("tcp_user_timeout", "5000"),
];
const CONNECT_TIMEOUT: &str = "connect_timeout";
/// How many addresses a host name is assumed to have: one of each family. libpq allows the full
/// time for each.
const ADDRESSES: u64 = 2;
/// How long a connected server may take to accept the settings of the connection.
const SETTINGS: Duration = Duration::from_secs(3);
/// Used if the URL lets libpq wait without a limit.
const ENDLESS: Duration = Duration::from_mins(1);

/// `url` with the defaults that it does not set itself.
pub(super) fn with_defaults(url: &str) -> String {
    let mut text = url.to_owned();
    for (name, value) in DEFAULTS {
        if parameter(url, name).is_none() {
            let separator = match split(&text).1 {
                None => "?",
                Some(query) if query.is_empty() || query.ends_with('&') => "",
                Some(_) => "&",
            };
            text.extend([separator, name, "=", value]);
        }
    }
    text
}

/// The time after which a connection attempt to `url`, with the defaults, certainly hangs: libpq
/// tries one address after another, and then waits for an answer without a limit.
pub(super) fn connect_limit(url: &str) -> Duration {
    let seconds = parameter(&with_defaults(url), CONNECT_TIMEOUT)
        .and_then(|value| value.parse::<u64>().ok())
        .unwrap_or_default();
    if seconds == 0 {
        return ENDLESS;
    }
    let named = ["host", "hostaddr"].map(|name| parameter(url, name).unwrap_or_default());
    let hosts = [split(url).0, named[0], named[1]].map(|list| list.split(',').count());
    let hosts = u64::try_from(hosts.into_iter().max().unwrap_or(1)).unwrap_or(u64::MAX);
    Duration::from_secs(seconds.saturating_mul(hosts).saturating_mul(ADDRESSES))
        .saturating_add(SETTINGS)
}

/// The value of the parameter `name`, as it was written. The last one counts.
fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let pairs = split(url).1?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
}

/// The hosts with the database's name, and the parameters if there is a question mark. A password
/// may contain a question mark: text before the first `@` or `/` is not a query.
fn split(url: &str) -> (&str, Option<&str>) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = match rest.split_once(['@', '/']) {
        Some((user, place)) if rest[user.len()..].starts_with('@') => place,
        _ => rest,
    };
    match place.split_once('?') {
        Some((hosts, query)) => (hosts, Some(query)),
        None => (place, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "application_name=latchkey&connect_timeout=3&keepalives_idle=5\
                       &keepalives_interval=2&keepalives_count=2&tcp_user_timeout=5000";

    #[test]
    fn defaults_are_added_where_the_query_does_not_set_them() {
        for (url, separator) in [
            ("postgres://u@h/d", "?"),
            ("postgres://u@h/d?", ""),
            ("postgres://h1:1,h2:2", "?"),
            ("postgres://u@h/d?sslmode=disable", "&"),
            ("postgres://u@h/d?sslmode=disable&", ""),
            // None of these words is the name of a parameter.
            ("postgres://connect_timeout:application_name=1@keepalives_idle/tcp_user_timeout", "?"),
            ("postgres://u:p?application_name=x@h/d", "?"),
            ("postgres://u@h/d?options=-c%20tcp_user_timeout%3D1", "&"),
            ("postgres://u@h/d?my_application_name=x", "&"),
        ] {
            assert_eq!(with_defaults(url), format!("{url}{separator}{ALL}"));
        }
        let own = "postgres://u@h1,h2/d?connect_timeout=9&application_name=";
        let rest =
            "&keepalives_idle=5&keepalives_interval=2&keepalives_count=2&tcp_user_timeout=5000";
        assert_eq!(with_defaults(own), format!("{own}{rest}"));
    }

    #[test]
    fn connecting_may_take_as_long_as_all_hosts_together() {
        for (url, seconds) in [
            ("postgres://u@h/d", 9),
            ("postgres://u@h1:1,h2:2,h3:3/d", 21),
            ("postgres:///d?host=h1,h2", 15),
            ("postgres://u@h/d?connect_timeout=10", 23),
            ("postgres://u@h/d?connect_timeout=0", 60),
            ("postgres://u@h/d?connect_timeout=-1", 60),
        ] {
            assert_eq!(connect_limit(url), Duration::from_secs(seconds), "{url}");
        }
    }
}
