//! The flows of the dashboard, in Chromium.
//!
//! Requires Debian's `chromium` and `chromium-driver`, and axe-core in `node_modules` next to this
//! file. `tests/all` installs them.

#![expect(clippy::too_many_lines, reason = "a test covers one flow from beginning to end")]
#![expect(clippy::expect_used, reason = "a test that cannot continue has failed")]

#[path = "../suite/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the suite, which uses all of it")]
mod support;

mod activity;
mod attention;
mod browser;
mod budget;
mod create;
mod diagnosis;
mod dialogs;
mod disable;
mod driver;
mod edit;
mod header;
mod keyboard;
mod keys;
mod list_state;
mod lookup;
mod members;
mod no_script;
mod notice;
mod pages;
mod passkeys;
mod reveal;
mod revoke;
mod roles;
mod scopes;
mod sign_in;
mod sso;
mod table;
mod two_step;
mod usage;
mod webhooks;
