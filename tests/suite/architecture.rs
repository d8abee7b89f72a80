//! The rules of the architecture, checked on the text of `src/` and `templates/`: which modules a
//! module may use, how long a file may be, and how long a line of a template may be.

use std::fs;
use std::path::{Path, PathBuf};

/// The features, from left to right. Each may use those before it.
const FEATURES: [&str; 22] = [
    "activity",
    "settings",
    "mail",
    "members",
    "sign_in",
    "sso",
    "scopes",
    "roles",
    "api_keys",
    "usage",
    "verification",
    "diagnosis",
    "webhooks",
    "leaks",
    "disabling",
    "impact",
    "containment",
    "reviews",
    "attention",
    "alerts",
    "checklist",
    "backups",
];
/// The folders, from bottom to top. Each may use those before it. `server.rs` and `main.rs` are at
/// the top, together with `cli`.
const FOLDERS: [&str; 12] = [
    "base", "config", "db", "domain", "letters", "jobs", "doctor", "web", "pages", "gateway",
    "demo", "cli",
];
const MAX_FILE_LINES: usize = 300;
const MAX_TEMPLATE_LINE_LENGTH: usize = 140;

pub struct Source {
    /// The path below `src`, such as `pages/api_keys/new.rs`.
    path: String,
    /// The text without its tests.
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

    /// The lines of code with their numbers, without comments.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = (1..).zip(self.code.lines());
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, "rs", &mut found);
    assert!(found.len() > 50, "the source files are found");
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
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
}

/// Whether `line` contains `word` as a whole word, such as a crate or a segment of a path.
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
fn only_the_server_the_kit_the_pages_and_the_gateway_use_actix() {
    assert_nowhere("actix belongs in server.rs, web/, pages/ and gateway/", |source, line| {
        const CRATES: [&str; 3] = ["actix_web", "actix_session", "tracing_actix_web"];
        let is_web = ["server.rs", "server/serving.rs"].contains(&source.path.as_str())
            || source.path.starts_with("web/")
            || source.is_page();
        let may_render = is_web || source.path.starts_with("letters/");
        !is_web && CRATES.iter().any(|name| names(line, name))
            || !may_render && names(line, "askama")
    });
}

#[test]
fn only_the_database_and_the_stores_use_diesel() {
    assert_nowhere("diesel belongs in db/ and stores", |source, line| {
        let is_allowed = source.path.starts_with("db/") || source.is_store();
        !is_allowed
            && (names(line, "diesel") || names(line, "db::schema") || names(line, "on_each"))
            // A feature may have a module named `schema`.
            && !line.contains("mod schema")
    });
}

#[test]
fn pages_never_use_a_store() {
    assert_nowhere("pages call the verbs of a feature", |source, line| {
        // `Cache-Control: no-store` does not refer to a store.
        source.is_page() && names(&line.replace("no-store", ""), "store")
            // actix-session calls the place that keeps sessions a store.
            && source.path != "pages/sign_in/session.rs"
    });
}

#[test]
fn no_feature_uses_the_store_of_another() {
    assert_nowhere("a store is private", |source, line| {
        let own = source.feature().map_or("", |feature| FEATURES[feature]);
        FEATURES.iter().any(|other| *other != own && names(line, &format!("{other}::store")))
    });
}

/// Every path in the code that begins with `crate` or `super`, starting at the root of the crate.
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
        let mut words = import_tree(&code[at..]);
        for path in &mut words {
            let levels = path.iter().take_while(|word| *word == "super").count();
            let start = if levels == 0 { &[][..] } else { &module[..module.len() - levels] };
            let rest = path.split_off(levels.max(1));
            *path = start.iter().map(|word| (*word).to_owned()).chain(rest).collect();
        }
        found.extend(words);
    }
    found
}

/// The path of the module in a file.
fn module(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').collect()
}

/// The paths in an import tree such as `crate::{a, b::{c, d}}`, which may span several lines.
fn import_tree(code: &str) -> Vec<Vec<String>> {
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
        // Anything else in a group, such as `as Name`, ends at the next comma or brace.
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
fn an_import_tree_is_parsed_completely() {
    let parse = |code| import_tree(code).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(parse("crate::a::b; other"), ["crate::a::b"]);
    assert_eq!(
        parse("crate::{\n    a::{self, B as C},\n    d::{e::F,\n g},\n h,\n}; i::j"),
        ["crate::a::self", "crate::a::B", "crate::d::e::F", "crate::d::g", "crate::h"]
    );
    assert_eq!(parse("super::super::list::Search, more"), ["super::super::list::Search"]);
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
    let mut checked = 0;
    for source in sources() {
        let name = module(&source.path)[0];
        let own = match name {
            "server" | "main" | "lib" => top,
            name => height(name).unwrap_or_else(|| panic!("src/{name} is not in FOLDERS")),
        };
        for path in paths(&source) {
            let used = path.first().map_or("", String::as_str);
            let used = if used == "server" { Some(top) } else { height(used) };
            let violation = || format!("src/{} uses {}", source.path, path.join("::"));
            assert!(used.is_none_or(|used| used <= own), "{}", violation());
            checked += 1;
        }
    }
    assert!(checked > 1_000, "the imports are found");
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
    // Handlers of pages cannot take an argument that reads a body, because `web::routes::Argument`
    // lists every argument that they may take. This test binds all other code to the same reader.
    const READERS: [&str; 6] =
        ["web::Bytes", "web::Json", "web::Form", "web::Payload", "web::Either", "Decompress"];
    assert_nowhere("bodies are read by web/body.rs", |source, line| {
        let is_kit = matches!(source.path.as_str(), "web/body.rs" | "web/routes.rs");
        let is_answer = line.starts_with("use ") || source.path == "web/upload.rs";
        let reads =
            |reader: &&&str| names(line, reader) && !(**reader == "web::Bytes" && is_answer);
        !is_kit && READERS.iter().any(|reader| reads(&reader))
    });
    assert_nowhere("payloads are taken by web/body.rs", |source, line| {
        let allowed = [
            "web/body.rs",
            "web/dialog_form.rs",
            "web/form.rs",
            "web/upload.rs",
            "web/routes.rs",
            "pages/dialog/sender.rs",
        ];
        let is_gate = line.contains("_: &mut Payload") || line.contains("dev::Payload;");
        let is_sealed = source.path == "base/keyring/mod.rs";
        names(line, "Payload") && !is_gate && !is_sealed && !allowed.contains(&source.path.as_str())
    });
    assert_nowhere("payloads are polled by web/body.rs", |source, line| {
        source.path != "web/body.rs" && line.contains("payload.take()")
    });
    assert_nowhere("routes are registered by web/routes.rs", |source, line| {
        const ALLOWED: [&str; 4] =
            ["web/routes.rs", "server.rs", "gateway/mod.rs", "gateway/health.rs"];
        let is_route = ["web::get()", "web::post()", "web::route()", "web::resource(", "web::to("];
        !ALLOWED.contains(&source.path.as_str())
            && is_route.iter().any(|route| line.contains(route))
    });
}

#[test]
fn only_the_clock_reads_the_time_and_only_the_configuration_reads_the_environment() {
    assert_nowhere("time is an argument", |source, line| {
        source.path != "base/clock.rs"
            && (line.contains("now_utc()") || line.contains("SystemTime::now"))
    });
    assert_nowhere("the environment is read once", |source, line| {
        !source.path.starts_with("config/")
            && (line.contains("env::var") || line.contains("env::args"))
    });
}

/// Every verb receives the keyring, because each entry of the activity is chained with one of its
/// keys. Only these files may use the other keys (ASVS 13.3.2).
#[test]
fn each_key_of_the_keyring_is_used_only_by_its_owners() {
    const SEALERS: [&str; 9] = [
        "domain/mail/store/mod.rs",
        "domain/mail/links.rs",
        "domain/webhooks/store/mod.rs",
        "domain/sso/attempt.rs",
        "domain/sso/store/mod.rs",
        "domain/sign_in/passkeys/ceremony.rs",
        "pages/kept_input.rs",
        "domain/sign_in/two_step/store.rs",
        "domain/settings/master_key.rs",
    ];
    const MASTER_KEY: &str = "domain/settings/master_key.rs";
    const OWNERS: [(&str, &[&str]); 13] = [
        ("Purpose::Pepper", &["domain/api_keys/secret.rs", MASTER_KEY]),
        ("former_pepper_mac", &["domain/api_keys/secret.rs"]),
        ("Purpose::FormerDigest", &["domain/api_keys/secret.rs"]),
        ("Purpose::Activity", &["domain/activity/chain.rs", MASTER_KEY]),
        ("activity_mac", &["domain/activity/chain.rs"]),
        (".derived(", &[MASTER_KEY]),
        (".reseal(", &SEALERS),
        (
            "Purpose::Web",
            &[
                "web/form_token.rs",
                "domain/sign_in/sessions.rs",
                "domain/sign_in/codes.rs",
                "domain/sign_in/two_step/mod.rs",
                "domain/sign_in/two_step/recovery_codes.rs",
                "pages/sign_in/anonymous.rs",
                "domain/sign_in/known.rs",
                "domain/sign_in/passkeys/ceremony.rs",
            ],
        ),
        ("Purpose::Check", &[MASTER_KEY]),
        ("Purpose::Cookie", &[]),
        ("cookie_key", &["pages/sign_in/session.rs"]),
        (".seal(", &SEALERS),
        (".unseal(", &SEALERS),
    ];
    assert_nowhere("a key is used only by its owners", |source, line| {
        !source.path.starts_with("base/keyring/")
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
fn only_the_kit_reads_forms_and_few_forms_may_contain_secret_keys() {
    assert_nowhere("web/form.rs removes secret keys from forms", |source, line| {
        source.path != "web/form.rs" && names(line, "serde_html_form")
    });
    let sources = sources();
    let exempt = sources.iter().filter(|source| source.code.contains("impl SecretFields for"));
    let exempt: Vec<&str> = exempt.map(|source| source.path.as_str()).collect();
    // Forms with passwords, one-time codes or answers of passkeys, and text that is searched only in memory.
    assert_eq!(
        exempt,
        [
            "pages/diagnosis/page.rs",
            "pages/leaks/check.rs",
            "pages/settings/fields.rs",
            "pages/sign_in/account/password.rs",
            "pages/sign_in/code.rs",
            "pages/sign_in/index.rs",
            "pages/sign_in/invitation.rs",
            "pages/sign_in/passkey.rs",
            "pages/sign_in/reset_password.rs",
            "pages/sign_in/set_up.rs",
            "pages/sso/fields.rs",
            "web/upload.rs",
        ]
    );
}

#[test]
fn only_the_gate_compares_roles() {
    assert_nowhere("ask viewer.may(…)", |source, line| {
        let is_allowed = ["domain/members/", "pages/members/", "pages/access_denied.rs", "cli/"]
            .iter()
            .any(|place| source.path.starts_with(place));
        !is_allowed && line.contains(".super_manager") && line.contains("if ")
    });
}

#[test]
fn every_file_says_what_it_is_and_none_is_too_long() {
    for source in sources() {
        assert!(source.code.starts_with("//! "), "src/{} starts with //!", source.path);
        // The diesel command generates this file.
        if source.path == "db/schema.rs" {
            continue;
        }
        let length = source.code.lines().count();
        assert!(length <= MAX_FILE_LINES, "src/{} has {length} lines", source.path);
    }
}

#[test]
fn lines_of_templates_are_short_and_do_not_end_with_a_space() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut found = Vec::new();
    collect(&root, "html", &mut found);
    assert!(found.len() > 50, "the templates are found");
    for path in found {
        let text = fs::read_to_string(&path).expect("a template");
        let name = path.strip_prefix(&root).expect("below templates").display();
        for (number, line) in (1..).zip(text.lines()) {
            let length = line.chars().count();
            assert!(length <= MAX_TEMPLATE_LINE_LENGTH, "{name}:{number} has {length} characters");
            // A space at the end of a line is easy to miss. `{{ " " }}` shows that it is intended.
            assert!(!line.ends_with(' '), "{name}:{number} ends with a space");
        }
    }
}

#[test]
fn no_module_has_a_catch_all_name() {
    const CATCH_ALL_NAMES: [&str; 5] = ["utils", "helpers", "common", "manager", "service"];
    for source in sources() {
        let mut words = source.path.trim_end_matches(".rs").split('/');
        assert!(!words.any(|word| CATCH_ALL_NAMES.contains(&word)), "src/{}", source.path);
    }
}

/// The program opens connections in three places (ASVS 13.2.5), each with an allowlist: to the
/// database in the configuration, to the mail server, and over HTTP, at the addresses that their
/// policies allow. `mail/networks.rs` and `webhooks/refused.rs` test the policies.
#[test]
fn only_the_database_mail_and_the_http_client_open_connections() {
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
    assert_nowhere("only mail and base/outgoing send requests", |source, line| {
        let is_allowed = [
            "domain/mail/connector.rs",
            "domain/mail/helo.rs",
            "domain/mail/send.rs",
            "domain/mail/policy.rs",
            "base/outgoing/mod.rs",
        ].contains(&&*source.path)
            // These files accept connections and do not open any.
            || source.path.starts_with("web/connections/");
        !is_allowed && OPENS.iter().any(|word| names(line, word))
    });
    assert_nowhere("connections to the database are made in db/", |source, line| {
        !source.path.starts_with("db/")
            && ["establish", "PgConnection", "SqliteConnection", "Command::new"]
                .iter()
                .any(|word| names(line, word))
    });
}

#[test]
fn the_mail_server_is_changed_only_where_the_permission_is_checked() {
    assert_nowhere("use members::mail_server::change", |source, line| {
        source.path != "domain/members/mail_server.rs" && names(line, "mail::change")
    });
}
