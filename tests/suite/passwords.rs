//! A password is the same in every Unicode form that keyboards and files produce.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use latchkey::domain::members::Permission;
use latchkey::domain::sign_in::reset;

use crate::support::{App, Page, Shell};

const INES: &str = "ines@meridianfreight.example";
/// é as one code point, and as two.
const COMPOSED: &str = "caf\u{e9} lantern orbit";
const DECOMPOSED: &str = "cafe\u{301} lantern orbit";

fn attempt(app: &App, email: &str, password: &str) -> Page {
    app.anonymous().submit("/sign-in", &[("email", email), ("password", password)])
}

/// The hash that a version without normalisation stored.
fn hash_as_typed(password: &str) -> String {
    let params = Params::new(19_456, 2, 1, Some(32)).expect("parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (salt, mut hash) = ([7; 16], [0; 32]);
    argon2.hash_password_into(password.as_bytes(), &salt, &mut hash).expect("hashed");
    let [salt, hash] = [STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash)];
    format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${hash}")
}

fn stored(app: &App) -> String {
    let query = format!("SELECT password_hash AS text FROM members WHERE email = '{INES}'");
    app.texts(&query).remove(0)
}

#[test]
fn a_password_set_on_one_keyboard_works_on_another() {
    let app = App::set_up();
    let ines = app.member(INES, true, &Permission::ALL);
    for (set, other) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)] {
        let code = app.write(|tx, context| reset::begin(tx, &ines.email, context)).1;
        let fields = [("code", code.as_str()), ("password", set)];
        let link = format!("/reset-password?code={code}");
        let page = app.anonymous().submit_from(&link, "/reset-password", &fields);
        assert_eq!(page.status, 303, "{}", page.body);
        for typed in [set, other, &format!("\u{feff}{other}")] {
            assert_eq!(attempt(&app, INES, typed).status, 303, "{typed:?}");
        }
    }
}

#[test]
fn an_older_hash_keeps_working_and_is_renewed_at_the_next_sign_in() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let old = hash_as_typed(DECOMPOSED);
    app.sql(&format!("UPDATE members SET password_hash = '{old}'"));
    assert_eq!(attempt(&app, INES, COMPOSED).status, 422, "the old hash belongs to the other form");
    assert_eq!(stored(&app), old);
    assert_eq!(attempt(&app, INES, DECOMPOSED).status, 303);
    let renewed = stored(&app);
    assert_ne!(renewed, old);
    for typed in [COMPOSED, DECOMPOSED] {
        assert_eq!(attempt(&app, INES, typed).status, 303);
        assert_eq!(stored(&app), renewed, "the hash is renewed only once");
    }
}

#[test]
fn known_and_unknown_accounts_cost_the_same_number_of_hashes() {
    let app = App::set_up();
    for email in [INES, "old@example.com", "disabled@example.com"] {
        app.member(email, true, &Permission::ALL);
    }
    let old = hash_as_typed(DECOMPOSED);
    app.sql(&format!("UPDATE members SET password_hash = '{old}' WHERE email LIKE 'old%'"));
    app.sql("UPDATE members SET disabled_at = 1 WHERE email LIKE 'disabled%'");
    for (typed, runs) in [("a wrong password", 1), ("wrong caf\u{e9}", 1), ("wrong cafe\u{301}", 2)]
    {
        for email in [INES, "old@example.com", "disabled@example.com", "nobody@example.com", ""] {
            let before = app.sign_in_service.hasher.done();
            assert_eq!(attempt(&app, email, typed).status, 422);
            assert_eq!(app.sign_in_service.hasher.done() - before, runs, "{typed:?} {email}");
        }
    }
}

#[test]
fn the_command_line_drops_a_byte_order_mark_and_rejects_control_characters() {
    let shell = Shell::new();
    let add = ["member", "add", "--email", INES, "--name", "Ines", "--super-manager"];
    for typed in ["lantern\0orbit cabbage", "lantern orbit cabbage\0", "lantern\torbit cabbage"] {
        let output = shell.run_with_input(&add, &[], typed.as_bytes());
        let line = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success());
        assert_eq!(line, "latchkey: Password must not contain control characters\n", "{typed:?}");
    }
    let typed = format!("\u{feff}{DECOMPOSED}\r\n");
    assert!(shell.run_with_input(&add, &[], typed.as_bytes()).status.success());
    let (_server, url) = shell.serve();
    let client = crate::support::Client::new(&url);
    let page = client.submit("/sign-in", &[("email", INES), ("password", COMPOSED)]);
    assert_eq!(page.status, 303, "{}", page.body);
}
