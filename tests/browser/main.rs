//! The flows that people go through, in real Chromium.
//!
//! Needs Debian's `chromium` and `chromium-driver`, and axe-core in `node_modules` beside this file;
//! `tests/all` installs them.

#![expect(clippy::too_many_lines, reason = "a test tells one story from beginning to end")]
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

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
mod driver;
mod edit;
mod header;
mod keyboard;
mod keys;
mod members;
mod no_script;
mod pages;
mod reveal;
mod revoke;
mod roles;
mod scopes;
mod sign_in;
mod table;
mod usage;
mod webhooks;
