//! Signing in and out, sessions, the throttle, and new passwords.

mod kept_input;
mod new_network;
mod two_step;

use latchkey::base::clock::{HOUR, MINUTE};
use latchkey::domain::members::{Member, Permission};
use latchkey::domain::sign_in::reset;

use crate::support::{App, Client, PASSWORD, Page};

const INES: &str = "ines@meridianfreight.example";

fn set_up() -> (App, Member) {
    let app = App::set_up();
    let member = app.member(INES, true, &Permission::ALL);
    (app, member)
}

fn attempt(client: &Client, email: &str, password: &str) -> Page {
    client.submit("/sign-in", &[("email", email), ("password", password)])
}

/// The value of the `Set-Cookie` header for the cookie with this name.
fn set_cookie(page: &Page, name: &str) -> String {
    let lines = page.set_cookies();
    let has_name = |line: &&String| {
        let rest = line.split('=').next().and_then(|text| text.strip_prefix(name));
        // Over plain http, the name ends with the port.
        rest.is_some_and(|rest| rest.is_empty() || rest[1..].bytes().all(|b| b.is_ascii_digit()))
    };
    let found = lines.iter().find(has_name);
    found.unwrap_or_else(|| panic!("{name} is not among {lines:?}")).clone()
}

fn session(client: &Client) -> String {
    client.cookie("latchkey").expect("a session cookie")
}

/// Whether the browser is signed in.
fn is_signed_in(client: &Client) -> bool {
    match client.get("/api-keys") {
        page if page.status == 200 => true,
        page => {
            assert_eq!((page.status, page.location()), (303, "/sign-in?next=%2Fapi-keys"));
            false
        }
    }
}

#[test]
fn a_member_signs_in_and_sees_the_table() {
    let (app, _) = set_up();
    let client = app.anonymous();
    let page = client.get("/sign-in");
    assert_eq!(page.status, 200);
    assert_eq!(page.text(".lead"), "Meridian Freight");
    let answer = attempt(&client, " INES@MeridianFreight.Example ", PASSWORD);
    assert_eq!((answer.status, answer.location()), (303, "/api-keys"));
    assert!(is_signed_in(&client));
    assert_eq!(client.get("/sign-in").status, 303, "a signed-in member is redirected");
}

#[test]
fn unknown_disabled_and_passwordless_accounts_look_like_a_wrong_password() {
    let (app, _) = set_up();
    for other in ["disabled@example.com", "bare@example.com"] {
        app.member(other, true, &Permission::ALL);
    }
    app.sql("UPDATE members SET disabled_at = 1 WHERE email = 'disabled@example.com'");
    app.sql("UPDATE members SET password_hash = NULL WHERE email = 'bare@example.com'");
    let mut bodies = Vec::new();
    for (email, password) in [
        (INES, "a wrong password"),
        ("nobody@example.com", PASSWORD),
        ("disabled@example.com", PASSWORD),
        ("bare@example.com", PASSWORD),
        ("bare@example.com", ""),
        ("no address", PASSWORD),
        ("", ""),
    ] {
        let before = app.sign_in_service.hasher.done();
        let client = app.anonymous();
        let page = attempt(&client, email, password);
        assert_eq!(page.status, 422, "{email}");
        assert_eq!(page.errors(), ["Email address or password is wrong"]);
        assert_eq!(app.sign_in_service.hasher.done(), before + 1, "{email} costs one hash");
        let value = page.attribute("#email", "value").expect("the email address is kept");
        assert_eq!(value, email);
        let token = page.form_token();
        let plain =
            page.body.replace(&token, "").replace(&format!(" required value=\"{email}\""), "");
        bodies.push((plain, page.headers.keys().map(ToString::to_string).collect::<Vec<_>>()));
        assert!(!page.body.contains(PASSWORD));
        assert!(!is_signed_in(&client));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(app.count("sessions"), 0);
}

#[test]
fn the_session_cookie_is_hidden_from_scripts_and_other_sites() {
    let (app, _) = set_up();
    let client = app.anonymous();
    let cookie = set_cookie(&attempt(&client, INES, PASSWORD), "latchkey");
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert!(cookie.starts_with("latchkey-"), "{cookie}");
    for expected in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(&expected), "{expected} in {cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    assert!(
        !client.get("/api-keys").set_cookies().is_empty(),
        "the cookie is renewed with every page"
    );
}

#[test]
fn over_https_the_session_cookie_is_bound_to_the_host() {
    let app = App::with_public_url(Some("https://keys.example.com")).with_organisation();
    app.member(INES, true, &Permission::ALL);
    let client = app.anonymous();
    let cookie = set_cookie(&attempt(&client, INES, PASSWORD), "__Host-latchkey");
    assert!(cookie.starts_with("__Host-latchkey="), "{cookie}");
    for expected in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(
            cookie.split("; ").any(|attribute| attribute == expected),
            "{expected} in {cookie}"
        );
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(is_signed_in(&client));
    let value = client.cookie("__Host-latchkey").expect("the cookie");
    let other = app.anonymous();
    other.set_cookie("latchkey", &value);
    assert!(!is_signed_in(&other), "a cookie without the prefix in its name is ignored");
}

#[test]
fn the_browser_cookie_survives_signing_out_and_does_not_identify_the_member() {
    for (url, name, secure) in [
        (None, "latchkey-browser", false),
        (Some("https://keys.example.com"), "__Host-latchkey-browser", true),
    ] {
        let app = App::with_public_url(url).with_organisation();
        let member = app.member(INES, true, &Permission::ALL);
        let client = app.anonymous();
        assert_eq!(attempt(&client, INES, "wrong").status, 422);
        assert_eq!(client.cookie(name), None, "a browser gets this cookie only after signing in");
        let cookie = set_cookie(&attempt(&client, INES, PASSWORD), name);
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        for expected in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=15552000"] {
            assert!(attributes.contains(&expected), "{expected} in {cookie}");
        }
        assert_eq!(attributes.contains(&"Secure"), secure, "{cookie}");
        let value = client.cookie(name).expect("the cookie");
        for personal in [INES, "Ines", member.id.as_str()] {
            assert!(!value.contains(personal), "{personal} in {value}");
        }
        assert_eq!(client.submit_from("/api-keys", "/sign-out", &[]).status, 303);
        assert_eq!(client.cookie(name), Some(value));
        assert!(!is_signed_in(&client), "the browser cookie is not a session");
    }
}

#[test]
fn signing_in_starts_a_new_session_and_ends_the_old_one() {
    let (app, _) = set_up();
    let client = app.anonymous();
    client.get("/sign-in");
    let planted = session(&client);
    assert_eq!(attempt(&client, INES, PASSWORD).status, 303);
    let first = session(&client);
    assert_ne!(first, planted);
    let victim = app.anonymous();
    victim.set_cookie("latchkey", &planted);
    assert!(
        !is_signed_in(&victim),
        "a session cookie that was planted before signing in does not work"
    );
    let token = app.token(&client, "/sign-in");
    let again = [("email", INES), ("password", PASSWORD), ("form_token", &token)];
    let copy = client.copy();
    assert_eq!(client.post("/sign-in", &again).status, 303);
    assert_ne!(session(&client), first);
    assert!(is_signed_in(&client));
    assert!(!is_signed_in(&copy), "signing in again ends the previous session");
    assert_eq!(app.count("sessions"), 1);
}

#[test]
fn a_session_cookie_cannot_be_forged() {
    let (app, _) = set_up();
    let client = app.signed_in(INES);
    let cookie = session(&client);
    let swapped: String = cookie.chars().rev().collect();
    let cut = cookie[..cookie.len() - 1].to_owned();
    let anonymous = app.anonymous();
    anonymous.get("/sign-in");
    for forged in [&swapped, &cut, "", "x", &session(&anonymous), "%00", &"x".repeat(4000)] {
        let other = app.anonymous();
        other.set_cookie("latchkey", forged);
        assert!(!is_signed_in(&other), "{forged}");
    }
    let stored = app.texts("SELECT id_hash AS text FROM sessions");
    assert!(!cookie.contains(&stored[0]), "the cookie does not contain the stored hash");
    assert!(is_signed_in(&client));
}

#[test]
fn signing_out_ends_the_session_immediately_even_for_a_copied_cookie() {
    let (app, _) = set_up();
    let (client, elsewhere) = (app.signed_in(INES), app.signed_in(INES));
    let copy = client.copy();
    assert!(is_signed_in(&copy));
    let answer = client.submit_from("/api-keys", "/sign-out", &[]);
    assert_eq!((answer.status, answer.location()), (303, "/sign-in"));
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(!is_signed_in(&client));
    assert!(!is_signed_in(&copy));
    assert!(is_signed_in(&elsewhere), "other sessions continue");
    let posted = copy.post("/api-keys", &[("name", "Ghost")]);
    assert_eq!((posted.status, posted.location()), (303, "/sign-in?next=%2Fapi-keys&ended=1"));
    let page = copy.get(posted.location());
    assert_eq!(page.text("#notice"), "Your session ended. Sign in, then try again.");
    assert_eq!(app.count("api_keys"), 0);
}

#[test]
fn a_session_ends_after_thirty_idle_minutes_and_after_twelve_hours() {
    let (app, _) = set_up();
    let never_used = app.signed_in(INES);
    app.advance(30 * MINUTE);
    assert!(!is_signed_in(&never_used));
    let client = app.signed_in(INES);
    app.advance(30 * MINUTE - 1);
    assert!(is_signed_in(&client));
    app.advance(30 * MINUTE - 1);
    assert!(is_signed_in(&client));
    app.advance(30 * MINUTE);
    assert!(!is_signed_in(&client));
    let client = app.signed_in(INES);
    for _ in 0..35 {
        app.advance(20 * MINUTE);
        assert!(is_signed_in(&client));
    }
    app.advance(12 * HOUR - 35 * 20 * MINUTE - 1);
    assert!(is_signed_in(&client));
    app.advance(1);
    assert!(!is_signed_in(&client), "it ends even if it was used all the time");
}

#[test]
fn next_redirects_only_to_our_own_pages() {
    let (app, _) = set_up();
    for (next, target) in [
        ("/api-keys?view=expired&q=a%20b", "/api-keys?view=expired&q=a%20b"),
        ("/api-keys/new", "/api-keys/new"),
        ("/", "/"),
        ("", "/api-keys"),
        ("//evil.example", "/api-keys"),
        ("///evil.example", "/api-keys"),
        ("/\\evil.example", "/api-keys"),
        ("\\\\evil.example", "/api-keys"),
        ("/\t/evil.example", "/api-keys"),
        ("\t//evil.example", "/api-keys"),
        ("/\n/evil.example", "/api-keys"),
        ("/\r\nset-cookie: x=y", "/api-keys"),
        (" /api-keys", "/api-keys"),
        ("https://evil.example/", "/api-keys"),
        ("https:evil.example", "/api-keys"),
        ("javascript:alert(1)", "/api-keys"),
        ("data:text/html,x", "/api-keys"),
        ("evil.example", "/api-keys"),
        ("@evil.example", "/api-keys"),
        ("/..//evil.example", "/api-keys"),
        ("/.//evil.example", "/api-keys"),
        ("/a/..//evil.example", "/api-keys"),
        ("/%2e%2e//evil.example", "/api-keys"),
        ("/\u{2028}/evil.example", "/api-keys"),
        ("/\0", "/api-keys"),
    ] {
        let client = app.anonymous();
        let encoded: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let page = client.get(&format!("/sign-in?next={encoded}"));
        let value = page.attribute("input[name=next]", "value").expect("a field");
        assert!(value.is_empty() || value == target, "{next:?} becomes {value}");
        let fields = [("email", INES), ("password", PASSWORD), ("next", next)];
        let answer = client.submit("/sign-in", &fields);
        assert_eq!((answer.status, answer.location()), (303, target), "{next:?}");
        let response = client.get(&format!("/sign-in?next={encoded}"));
        assert_eq!(
            (response.status, response.location()),
            (303, target),
            "{next:?} when signed in"
        );
    }
}

#[test]
fn a_visitor_returns_to_the_requested_page_after_signing_in() {
    let (app, _) = set_up();
    let id = app.key("Billing worker");
    let client = app.anonymous();
    let requested = format!("/api-keys/{id}/edit?return=/api-keys/{id}");
    let redirect = client.get(&requested);
    assert_eq!(redirect.status, 303);
    let form = client.get(redirect.location());
    let next = form.attribute("input[name=next]", "value").expect("a field");
    let fields = [("email", INES), ("password", PASSWORD), ("next", next.as_str())];
    let answer = client.submit("/sign-in", &fields);
    assert_eq!(answer.location(), requested);
    // A POST to a path that is not a page leads to the default page after signing in.
    let posted = app.anonymous().post("/preferences/theme", &[]);
    assert_eq!((posted.status, posted.location()), (303, "/sign-in"));
}

#[test]
fn after_five_attempts_each_one_waits_twice_as_long_as_the_one_before() {
    let (app, _) = set_up();
    let client = app.anonymous();
    for _ in 0..5 {
        assert_eq!(attempt(&client, INES, "wrong").status, 422);
    }
    let mut seconds = 1;
    for _ in 0..4 {
        let page = attempt(&client, INES, PASSWORD);
        assert_eq!(page.status, 429);
        assert_eq!(page.header("retry-after"), seconds.to_string());
        let unit = if seconds == 1 { "second" } else { "seconds" };
        let wait = format!("Too many attempts. Try again in {seconds} {unit}");
        assert_eq!(page.errors(), [wait.as_str()]);
        assert_eq!(page.attribute("#email", "value").as_deref(), Some(INES));
        app.advance(seconds * 1000);
        assert_eq!(attempt(&client, INES, "wrong").status, 422);
        seconds *= 2;
    }
    app.advance(15 * MINUTE);
    assert_eq!(attempt(&client, INES, PASSWORD).status, 303, "no lock is permanent");
    assert_eq!(attempt(&app.anonymous(), INES, "wrong").status, 422);
}

/// Vault CVE-2025-6004: each spelling of an account had a limit of its own.
#[test]
fn all_spellings_of_an_account_and_of_an_address_share_one_limit() {
    let (app, _) = set_up();
    let accounts = [
        INES,
        "INES@MERIDIANFREIGHT.EXAMPLE",
        " ines@MeridianFreight.example",
        "Ines@meridianfreight.example ",
    ];
    for (network, addresses) in [
        ("IPv4", &["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109"][..]),
        (
            "an IPv6 /64",
            &[
                "2001:db8:1:2::1",
                "2001:0DB8:0001:0002:ffff::1",
                "2001:db8:1:2:3:4:5:6",
                "2001:db8:1:2::",
            ],
        ),
    ] {
        for n in 0..5 {
            let client = app.anonymous().calling_from(addresses[n % addresses.len()]);
            assert_eq!(attempt(&client, accounts[n % accounts.len()], "wrong").status, 422);
        }
        for address in addresses {
            for account in accounts {
                let client = app.anonymous().calling_from(address);
                let page = attempt(&client, account, "wrong");
                assert_eq!(page.status, 429, "{account:?} from {address} in {network}");
            }
        }
    }
    for elsewhere in ["203.0.113.10", "2001:db8:1:3::1"] {
        let client = app.anonymous().calling_from(elsewhere);
        assert_eq!(attempt(&client, INES, "wrong").status, 422, "{elsewhere}");
    }
}

#[test]
fn an_address_that_the_caller_puts_into_x_forwarded_for_is_ignored() {
    let (app, _) = set_up();
    for n in 0..6 {
        let client = app.anonymous().calling_from(&format!("192.0.2.{n}, 203.0.113.50"));
        let expected = if n < 5 { 422 } else { 429 };
        assert_eq!(attempt(&client, INES, "wrong").status, expected, "attempt {n}");
    }
}

#[test]
fn a_network_may_try_twenty_times_a_minute_across_all_accounts() {
    let (app, _) = set_up();
    let client = app.anonymous();
    for n in 0..20 {
        assert_eq!(attempt(&client, &format!("x{n}@example.com"), "wrong").status, 422, "{n}");
    }
    let page = attempt(&client, "x20@example.com", "wrong");
    assert_eq!((page.status, page.header("retry-after")), (429, "3"));
    app.advance(3000);
    assert_eq!(attempt(&client, "x20@example.com", "wrong").status, 422);
}

/// Keycloak CVE-2024-4629: parallel guesses passed the limiter.
#[test]
fn two_hundred_parallel_guesses_reach_argon2_only_as_often_as_the_limit_allows() {
    let (app, _) = set_up();
    let stranger = app.anonymous();
    let token = stranger.get("/sign-in").form_token();
    let (before, attempts) = (app.sign_in_service.hasher.done(), app.count("activity"));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|_| {
                let (stranger, token) = (&stranger, &token);
                scope.spawn(move || {
                    let fields = [("email", INES), ("password", "guess"), ("form_token", token)];
                    let ten = (0..10).map(|_| stranger.post("/sign-in", &fields).status);
                    ten.collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("answers")).collect()
    });
    assert_eq!(statuses.len(), 200);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 195);
    assert_eq!(app.sign_in_service.hasher.done() - before, 5);
    assert_eq!(app.count("activity") - attempts, 5, "each attempt that was checked is recorded");
    assert_eq!(attempt(&stranger, INES, PASSWORD).status, 429);
    assert_eq!(
        attempt(&app.anonymous(), INES, PASSWORD).status,
        303,
        "the member can sign in from another address"
    );
}

#[test]
fn changed_permissions_apply_to_the_next_request() {
    let (app, member) = set_up();
    let client = app.signed_in(INES);
    let id = member.id.as_str();
    let token = client.get("/api-keys").form_token();
    app.sql("DELETE FROM member_permissions WHERE permission = 'api.key.create'");
    let fields = crate::support::key_fields(&[("form_token", token.as_str())]);
    let page = client.post("/api-keys", &fields);
    assert_eq!(page.status, 403);
    assert_eq!(page.text("h1"), "You need permission to create API keys.");
    assert!(!client.get("/api-keys").has("#create"));
    app.sql("DELETE FROM member_permissions WHERE permission = 'api.key.view'");
    assert_eq!(client.get("/api-keys").status, 403);
    app.sql(&format!("INSERT INTO member_permissions VALUES ('{id}', 'api.key.view')"));
    assert!(is_signed_in(&client));
    app.sql("UPDATE members SET super_manager = false");
    let page = client.get("/api-keys");
    assert_eq!(page.text("h1"), "You need the super manager role to see this page.");
    app.sql("UPDATE members SET super_manager = true, disabled_at = 1");
    assert!(!is_signed_in(&client));
    assert_eq!(app.count("api_keys"), 0);
}

#[test]
fn a_removed_member_is_signed_out() {
    let (app, _) = set_up();
    let client = app.signed_in(INES);
    app.sql("DELETE FROM members");
    assert!(!is_signed_in(&client));
}

#[test]
fn a_reset_link_sets_a_new_password_once_and_ends_every_session() {
    const NEW: &str = "lantern orbit cabbage velvet";
    let (app, member) = set_up();
    let (here, there) = (app.signed_in(INES), app.signed_in(INES));
    let old = app.write(|tx, context| reset::begin(tx, &member.email, context)).1;
    assert!(!is_signed_in(&here) && !is_signed_in(&there), "creating the link ends both sessions");
    assert_eq!(
        attempt(&app.anonymous(), INES, PASSWORD).status,
        422,
        "the old password still works"
    );
    let code = app.write(|tx, context| reset::begin(tx, &member.email, context)).1;
    let visitor = app.anonymous();
    let replaced = visitor.get(&format!("/reset-password?code={old}"));
    assert_eq!(
        (replaced.status, replaced.text("h1").as_str()),
        (404, "This link is wrong or has expired")
    );
    let link = format!("/reset-password?code={code}");
    let page = visitor.get(&link);
    assert_eq!(
        (page.status, page.text(".lead")),
        (200, format!("For {INES}. The link works once."))
    );
    let fields = [("code", code.as_str()), ("password", NEW)];
    let answer = visitor.submit_from(&link, "/reset-password", &fields);
    assert_eq!((answer.status, answer.location()), (303, "/api-keys"));
    assert!(is_signed_in(&visitor));
    assert_eq!(app.anonymous().get(&link).status, 404);
    let replay = app.anonymous();
    replay.get("/sign-in");
    let answer = app.post_with_token(&replay, "/reset-password", &fields);
    assert_eq!(answer.status, 422);
    assert_eq!(
        attempt(&app.anonymous(), INES, PASSWORD).status,
        422,
        "the old password still works"
    );
    assert_eq!(attempt(&app.anonymous(), INES, NEW).status, 303);
    assert!(!app.everything().iter().any(|row| row.contains(&code) || row.contains(NEW)));
}

#[test]
fn a_reset_link_works_for_one_hour_and_not_for_disabled_members() {
    let (app, member) = set_up();
    let code = app.write(|tx, context| reset::begin(tx, &member.email, context)).1;
    let link = format!("/reset-password?code={code}");
    app.advance(HOUR - 1);
    assert_eq!(app.anonymous().get(&link).status, 200);
    app.sql("UPDATE members SET disabled_at = 1");
    assert_eq!(app.anonymous().get(&link).status, 404);
    app.sql("UPDATE members SET disabled_at = NULL");
    app.advance(1);
    assert_eq!(app.anonymous().get(&link).status, 404);
}

/// Strapi CVE-2026-22706: sessions survived a password reset.
#[test]
fn a_session_that_started_after_the_reset_link_ends_with_the_new_password() {
    let (app, member) = set_up();
    let code = app.write(|tx, context| reset::begin(tx, &member.email, context)).1;
    app.sql(&format!(
        "UPDATE members SET password_hash = '{}'",
        crate::support::PASSWORD_HASH.trim()
    ));
    let intruder = app.signed_in(INES);
    let visitor = app.anonymous();
    let link = format!("/reset-password?code={code}");
    let fields = [("code", code.as_str()), ("password", "lantern orbit cabbage velvet")];
    assert_eq!(visitor.submit_from(&link, "/reset-password", &fields).status, 303);
    assert!(!is_signed_in(&intruder));
}

#[test]
fn visitors_write_nothing_to_the_database() {
    let (app, _) = set_up();
    let before = app.everything();
    for _ in 0..3 {
        let visitor = app.anonymous();
        for path in ["/sign-in", "/", "/api-keys", "/nowhere", "/reset-password?code=x", "/set-up"]
        {
            visitor.get(path);
        }
    }
    assert_eq!(app.everything(), before);
}

#[test]
fn the_sign_in_page_says_whom_to_ask_after_a_forgotten_password() {
    let (app, _) = set_up();
    let page = app.anonymous().get("/sign-in");
    let advice = "Forgot your password? Ask a super manager who manages members for a reset link.";
    assert_eq!(page.text("form .hint"), advice);
}

#[test]
fn the_sign_in_page_says_that_latchkey_is_not_set_up_yet() {
    let app = App::new();
    let page = app.anonymous().get("/sign-in");
    assert_eq!(page.text("h1"), "Latchkey is not set up yet");
    let advice = "Open the set-up link in the server log. It is valid for one hour; restart Latchkey \
                  for a new one.";
    assert_eq!(page.text(".lead"), advice);
    assert!(page.has("a[href='/set-up']") && !page.has("#email") && !page.has("#password"));
}

#[test]
fn choosing_a_theme_sets_a_cookie_and_returns_to_the_page() {
    let (app, _) = set_up();
    let client = app.signed_in(INES);
    let token = client.get("/api-keys").form_token();
    let send = |theme: &str, referrer: &str| {
        let body = crate::support::encoded(&[("theme", theme), ("form_token", &token)]);
        let request = client.request("/preferences/theme").header("sec-fetch-site", "same-origin");
        client.send(request.header("referer", referrer).body(body))
    };
    let answer = send("dark", &format!("{}/api-keys?view=revoked", app.url));
    assert_eq!(answer.location(), "/api-keys?view=revoked");
    assert_eq!(client.get("/api-keys").attribute("html", "data-theme").as_deref(), Some("dark"));
    for foreign in ["https://evil.example/x", "not a URL", &format!("{}//evil.example", app.url)] {
        assert_eq!(send("light", foreign).location(), "/", "{foreign}");
    }
    assert_eq!(client.get("/api-keys").attribute("html", "data-theme").as_deref(), Some("light"));
    send("system", "");
    assert_eq!(client.get("/api-keys").attribute("html", "data-theme"), None);
}

#[test]
fn a_second_tab_that_signs_in_later_is_redirected() {
    let (app, _) = set_up();
    let client = app.anonymous();
    let late = client.get("/sign-in?next=%2Froles").form_token();
    assert_eq!(attempt(&client, INES, PASSWORD).status, 303);
    let send = |next: &str| {
        let fields = [("email", INES), ("password", "x"), ("next", next), ("form_token", &late)];
        client.post("/sign-in", &fields)
    };
    assert_eq!((send("/roles").status, send("/roles").location()), (303, "/roles"));
    assert_eq!(send("https://evil.example/").location(), "/api-keys");
    assert!(is_signed_in(&client), "the member stays signed in");
    let stranger = app.anonymous();
    stranger.get("/sign-in");
    let fields = [("email", INES), ("password", PASSWORD), ("form_token", &late)];
    assert_eq!(stranger.post("/sign-in", &fields).status, 403);
}

#[test]
fn cookies_of_other_programs_do_not_interfere() {
    let (app, other) = (set_up().0, App::set_up());
    let client = app.anonymous();
    assert_eq!(attempt(&client, INES, PASSWORD).status, 303);
    let own = client.session();
    // Cookies do not depend on the port, so a browser sends the cookies of both programs to each.
    other.member(INES, true, &Permission::ALL);
    let there = other.anonymous();
    assert_eq!(attempt(&there, INES, PASSWORD).status, 303);
    let mixed = [own.as_bytes(), b"; visited=caf\xe9; ", there.session().as_bytes()].concat();
    for url in [&app.url, &other.url] {
        let request = client.http().get(format!("{url}/api-keys")).header("cookie", &mixed[..]);
        assert_eq!(request.send().expect("an answer").status(), 200, "{url}");
    }
}

#[test]
fn password_managers_find_the_password_form_and_search_engines_index_nothing() {
    let (app, _) = set_up();
    let answer = app.anonymous().get("/.well-known/change-password");
    assert_eq!((answer.status, answer.location()), (303, "/account"));
    for path in ["/sign-in", "/none"] {
        assert_eq!(app.anonymous().get(path).header("x-robots-tag"), "noindex", "{path}");
    }
}
