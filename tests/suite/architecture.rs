//! The rules of who may import whom, and how long a file may be, read from `src/`; and how long
//! a line of a template may be.

use std::fs;
use std::path::{Path, PathBuf};

/// Features, from left to right: each may use those before it.
const FEATURES: [&str; 16] = [
    "activity",
    "settings",
    "mail",
    "members",
    "sign_in",
    "scopes",
    "roles",
    "api_keys",
    "usage",
    "verification",
    "diagnosis",
    "webhooks",
    "leaks",
    "reviews",
    "attention",
    "alerts",
];
/// Folders, from bottom to top: each uses those before it. `server.rs` and `main.rs` are on top with `cli`.
const FOLDERS: [&str; 11] =
    ["base", "config", "db", "domain", "letters", "jobs", "web", "pages", "gateway", "demo", "cli"];
const LONGEST_FILE: usize = 300;
const LONGEST_TEMPLATE_LINE: usize = 140;

pub struct Source {
    /// Below `src`, as `pages/api_keys/new.rs`.
    path: String,
    /// Without tests.
    code: String,
}

impl Source {
    fn feature(&self) -> Option<usize> {
        let name = self.path.strip_prefix("domain/")?.split(['/', '.']).next()?;
        FEATURES.iter().position(|feature| *feature == name)
    }

    fn is_page(&self) -> bool {
        self.path.starts_with("pages/") || self.path.starts_with("gateway/")
    }

    fn is_store(&self) -> bool {
        self.path.contains("/store.rs") || self.path.contains("/store/")
    }

    /// Each line of code with its number, without comments.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = (1..).zip(self.code.lines());
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, "rs", &mut found);
    assert!(found.len() > 50, "the sources are here");
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text.split("#[cfg(test)]\nmod tests").next().expect("code").to_owned();
            let path = path.strip_prefix(&root).expect("below src").display().to_string();
            Source { path, code }
        })
        .filter(|source| !is_test(&source.path))
        .collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.ends_with("fixture.rs")
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found.sort();
}

/// Whether `line` names `word` as a path's segment or crate, not as part of a longer name.
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}

fn assert_nowhere(rule: &str, breaks: impl Fn(&Source, &str) -> bool) {
    let broken: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            let lines = source.lines().filter(|(_, line)| breaks(source, line));
            lines
                .map(|(n, line)| format!("src/{}:{n}: {}", source.path, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn actix_is_known_to_the_server_the_kit_and_the_pages_alone() {
    assert_nowhere("actix belongs into server.rs, web/, pages/ and gateway/", |source, line| {
        let may = source.path == "server.rs" || source.path.starts_with("web/") || source.is_page();
        let may_draw = may || source.path.starts_with("letters/");
        !may && ["actix_web", "actix_session", "tracing_actix_web"].iter().any(|it| names(line, it))
            || !may_draw && names(line, "askama")
    });
}

#[test]
fn diesel_is_known_to_the_database_and_the_stores_alone() {
    assert_nowhere("diesel belongs into db/ and store", |source, line| {
        let may = source.path.starts_with("db/") || source.is_store();
        !may && (names(line, "diesel") || names(line, "db::schema") || names(line, "on_each"))
            // The feature's own words for it do not count.
            && !line.contains("mod schema")
    });
}

#[test]
fn pages_never_name_a_store() {
    assert_nowhere("pages go through the verbs", |source, line| {
        // `Cache-Control: no-store` names none.
        source.is_page() && names(&line.replace("no-store", ""), "store")
            // actix-session's word for where sessions are kept.
            && source.path != "pages/sign_in/session.rs"
    });
}

#[test]
fn no_feature_reaches_into_another_s_store() {
    assert_nowhere("a store is private", |source, line| {
        let own = source.feature().map_or("", |feature| FEATURES[feature]);
        FEATURES.iter().any(|other| *other != own && names(line, &format!("{other}::store")))
    });
}

/// Every path in the code that begins at the crate or above its module, from the crate on.
fn paths(source: &Source) -> Vec<Vec<String>> {
    let code: Vec<&str> = source.lines().map(|(_, line)| line).collect();
    let code = code.join(" ");
    let module = module(&source.path);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        if code[..at].ends_with(is_part) {
            continue;
        }
        let mut words = tree(&code[at..]);
        for path in &mut words {
            let above = path.iter().take_while(|word| *word == "super").count();
            let start = if above == 0 { &[][..] } else { &module[..module.len() - above] };
            let rest = path.split_off(above.max(1));
            *path = start.iter().map(|word| (*word).to_owned()).chain(rest).collect();
        }
        found.extend(words);
    }
    found
}

/// The module that a file is.
fn module(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').collect()
}

/// The paths of a tree as in `crate::{a, b::{c, d}}`, which may be broken over lines.
fn tree(code: &str) -> Vec<Vec<String>> {
    let (mut prefix, mut outer, mut paths) = (Vec::<String>::new(), Vec::new(), Vec::new());
    let mut rest = code;
    loop {
        rest = rest.trim_start();
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if word > 0 {
            prefix.push(rest[..word].to_owned());
            rest = &rest[word..];
            if let Some(next) = rest.strip_prefix("::") {
                rest = next;
                continue;
            }
            paths.push(prefix.clone());
        } else if let Some(next) = rest.strip_prefix('{') {
            outer.push(prefix.len());
            rest = next;
            continue;
        }
        // What else stands in a group, as `as Name`, ends with its comma.
        loop {
            let Some(&length) = outer.last() else { return paths };
            let Some(end) = rest.find([',', '}']) else { return paths };
            let is_end = rest[end..].starts_with('}');
            rest = &rest[end + 1..];
            prefix.truncate(length);
            if !is_end {
                break;
            }
            outer.pop();
        }
    }
}

#[test]
fn a_tree_of_imports_is_read_whole() {
    let read = |code| tree(code).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(read("crate::a::b; other"), ["crate::a::b"]);
    assert_eq!(
        read("crate::{\n    a::{self, B as C},\n    d::{e::F,\n g},\n h,\n}; i::j"),
        ["crate::a::self", "crate::a::B", "crate::d::e::F", "crate::d::g", "crate::h"]
    );
    assert_eq!(read("super::super::list::Search, more"), ["super::super::list::Search"]);
}

fn assert_paths(rule: &str, breaks: impl Fn(&Source, &[&str]) -> bool) {
    let mut broken = Vec::new();
    for source in sources() {
        for path in paths(&source) {
            let words: Vec<&str> = path.iter().map(String::as_str).collect();
            if breaks(&source, &words) {
                broken.push(format!("src/{}: {}", source.path, path.join("::")));
            }
        }
    }
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn each_folder_uses_only_those_below_it() {
    let height = |word: &str| FOLDERS.iter().position(|folder| *folder == word);
    let top = FOLDERS.len() - 1;
    let mut seen = 0;
    for source in sources() {
        let name = module(&source.path)[0];
        let own = match name {
            "server" | "main" | "lib" => top,
            name => height(name).unwrap_or_else(|| panic!("src/{name} has no place")),
        };
        for path in paths(&source) {
            let used = path.first().map_or("", String::as_str);
            let used = if used == "server" { Some(top) } else { height(used) };
            let place = || format!("src/{} uses {}", source.path, path.join("::"));
            assert!(used.is_none_or(|used| used <= own), "{}", place());
            seen += 1;
        }
    }
    assert!(seen > 1_000, "the imports are seen");
}

#[test]
fn a_feature_uses_only_those_before_it() {
    assert_paths("features go from left to right", |source, path| {
        let ["domain", other, ..] = path else { return false };
        let other = FEATURES.iter().position(|feature| feature == other);
        source.feature().is_some_and(|own| other.is_none_or(|other| other > own))
    });
}

#[test]
fn bodies_are_read_in_one_place() {
    // Handlers of pages cannot take anything that reads a body: `web::routes::Argument` names all that
    // they may take. This holds the others to the same reader.
    const READERS: [&str; 6] =
        ["web::Bytes", "web::Json", "web::Form", "web::Payload", "web::Either", "Decompress"];
    assert_nowhere("bodies are read by web/body.rs", |source, line| {
        let is_kit = matches!(source.path.as_str(), "web/body.rs" | "web/routes.rs");
        let is_answer = line.starts_with("use ") || source.path == "web/upload.rs";
        let reads =
            |reader: &&&str| names(line, reader) && !(**reader == "web::Bytes" && is_answer);
        !is_kit && READERS.iter().any(|reader| reads(&reader))
    });
    assert_nowhere("a payload is taken by web/body.rs", |source, line| {
        let may = ["web/body.rs", "web/form.rs", "web/upload.rs", "web/routes.rs"];
        let is_gate = line.contains("_: &mut Payload") || line.contains("dev::Payload;");
        let is_sealed = source.path == "base/keyring.rs";
        names(line, "Payload") && !is_gate && !is_sealed && !may.contains(&source.path.as_str())
    });
    assert_nowhere("payloads are polled by web/body.rs", |source, line| {
        source.path != "web/body.rs" && line.contains("payload.take()")
    });
    assert_nowhere("routes are registered by web/routes.rs", |source, line| {
        const MAY: [&str; 3] = ["web/routes.rs", "server.rs", "gateway/mod.rs"];
        let is_route = ["web::get()", "web::post()", "web::route()", "web::resource(", "web::to("];
        !MAY.contains(&source.path.as_str()) && is_route.iter().any(|route| line.contains(route))
    });
}

#[test]
fn only_the_clock_tells_the_time_and_only_the_configuration_reads_the_environment() {
    assert_nowhere("time is an argument", |source, line| {
        source.path != "base/clock.rs"
            && (line.contains("now_utc()") || line.contains("SystemTime::now"))
    });
    assert_nowhere("the environment is read once", |source, line| {
        !source.path.starts_with("config/")
            && (line.contains("env::var") || line.contains("env::args"))
    });
}

/// Everything that acts is given the keyring, for the activity's chain. What else its keys do is up
/// to these files only (ASVS 13.3.2).
#[test]
fn each_key_of_the_keyring_is_used_by_its_owner_only() {
    const OWNERS: [(&str, &[&str]); 8] = [
        ("Purpose::Pepper", &["domain/api_keys/secret.rs"]),
        ("Purpose::Activity", &["domain/activity/chain.rs"]),
        (
            "Purpose::Web",
            &[
                "web/form_token.rs",
                "domain/sign_in/sessions.rs",
                "domain/sign_in/codes.rs",
                "pages/sign_in/anonymous.rs",
                "domain/sign_in/known.rs",
            ],
        ),
        ("Purpose::Check", &["domain/settings/mod.rs"]),
        ("Purpose::Cookie", &[]),
        ("cookie_key", &["pages/sign_in/session.rs"]),
        (
            ".seal(",
            &["domain/mail/store/mod.rs", "domain/mail/links.rs", "domain/webhooks/store/mod.rs"],
        ),
        (
            ".unseal(",
            &["domain/mail/store/mod.rs", "domain/mail/links.rs", "domain/webhooks/store/mod.rs"],
        ),
    ];
    assert_nowhere("a key has one owner", |source, line| {
        source.path != "base/keyring.rs"
            && OWNERS
                .iter()
                .any(|(key, owners)| line.contains(key) && !owners.contains(&source.path.as_str()))
    });
}

#[test]
fn every_file_is_created_by_one_module_so_that_its_mode_is_private() {
    const TYPES: [&str; 4] = ["File::create", "File::options", "OpenOptions", "DirBuilder"];
    const FUNCTIONS: [&str; 4] = ["write", "copy", "create_dir", "create_dir_all"];
    assert_nowhere("only files.rs creates files", |source, line| {
        let imported = line.split_once("fs::").map_or("", |(_, names)| names);
        source.path != "base/files.rs"
            && (TYPES.iter().any(|name| line.contains(name))
                || FUNCTIONS.iter().any(|name| names(imported, name)))
    });
}

#[test]
fn forms_are_read_by_the_kit_and_few_of_their_fields_arrive_as_typed() {
    assert_nowhere("web/form.rs takes secret keys out of what people type", |source, line| {
        source.path != "web/form.rs" && names(line, "serde_html_form")
    });
    let sources = sources();
    let exempt = sources.iter().filter(|source| source.code.contains("impl SecretFields for"));
    let exempt: Vec<&str> = exempt.map(|source| source.path.as_str()).collect();
    // Passwords, one-time codes, and text that is looked through in memory.
    assert_eq!(
        exempt,
        [
            "pages/diagnosis/page.rs",
            "pages/leaks/check.rs",
            "pages/settings/fields.rs",
            "pages/sign_in/account/password.rs",
            "pages/sign_in/index.rs",
            "pages/sign_in/invitation.rs",
            "pages/sign_in/reset_password.rs",
            "pages/sign_in/set_up.rs",
            "web/upload.rs",
        ]
    );
}

#[test]
fn nobody_compares_roles_but_the_gate() {
    assert_nowhere("ask viewer.may(…)", |source, line| {
        let may = ["domain/members/", "pages/members/", "pages/refused.rs", "cli/"]
            .iter()
            .any(|place| source.path.starts_with(place));
        !may && line.contains(".super_manager") && line.contains("if ")
    });
}

#[test]
fn every_file_says_what_it_is_and_none_is_too_long() {
    for source in sources() {
        assert!(source.code.starts_with("//! "), "src/{} starts with //!", source.path);
        // Columns of tables, as diesel's own program writes them.
        if source.path == "db/schema.rs" {
            continue;
        }
        let length = source.code.lines().count();
        assert!(length <= LONGEST_FILE, "src/{} has {length} lines", source.path);
    }
}

#[test]
fn the_lines_of_templates_are_short_and_end_in_no_space() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut found = Vec::new();
    collect(&root, "html", &mut found);
    assert!(found.len() > 50, "the templates are here");
    for path in found {
        let text = fs::read_to_string(&path).expect("a template");
        let name = path.strip_prefix(&root).expect("below templates").display();
        for (number, line) in (1..).zip(text.lines()) {
            let length = line.chars().count();
            assert!(length <= LONGEST_TEMPLATE_LINE, "{name}:{number} has {length} characters");
            // Nobody would see that it is shown: `{{ " " }}` says so.
            assert!(!line.ends_with(' '), "{name}:{number} ends in a space");
        }
    }
}

#[test]
fn no_module_is_a_drawer_for_odds_and_ends() {
    const DRAWERS: [&str; 5] = ["utils", "helpers", "common", "manager", "service"];
    for source in sources() {
        let mut words = source.path.trim_end_matches(".rs").split('/');
        assert!(!words.any(|word| DRAWERS.contains(&word)), "src/{}", source.path);
    }
}

/// Requests leave the program at three places (ASVS 13.2.5), and each holds to an allowlist: the
/// database that the configuration names, the mail server and webhooks at the addresses that their
/// policies allow. `mail/networks.rs` and `webhooks/refused.rs` show that the policies hold.
#[test]
fn connections_are_opened_by_the_database_mail_and_webhooks_alone() {
    const OPENS: [&str; 9] = [
        "TcpStream",
        "UdpSocket",
        "UnixStream",
        "TcpSocket",
        "lettre",
        "ureq",
        "reqwest",
        "lookup_host",
        "to_socket_addrs",
    ];
    assert_nowhere("requests leave in mail and webhooks", |source, line| {
        let may = [
            "domain/mail/connector.rs",
            "domain/mail/helo.rs",
            "domain/mail/send.rs",
            "domain/mail/policy.rs",
            "domain/webhooks/client.rs",
        ].contains(&&*source.path)
            // These accept connections and make none.
            || source.path.starts_with("web/connections/");
        // A URL is parsed as the client will parse it.
        let line = line.replace("ureq::http::Uri", "");
        !may && OPENS.iter().any(|word| names(&line, word))
    });
    assert_nowhere("connections to the database are made in db/", |source, line| {
        !source.path.starts_with("db/")
            && ["establish", "PgConnection", "SqliteConnection", "Command::new"]
                .iter()
                .any(|word| names(line, word))
    });
}

#[test]
fn the_mail_server_is_changed_where_the_right_to_is_checked() {
    assert_nowhere("use members::mail_server::change", |source, line| {
        source.path != "domain/members/mail_server.rs" && names(line, "mail::change")
    });
}
