//! Tests the program through HTTP, on SQLite or on the PostgreSQL server that
//! `LATCHKEY_TEST_POSTGRES` names.

#![expect(clippy::too_many_lines, reason = "a test is easier to read in one piece")]
#![expect(clippy::expect_used, reason = "a test that cannot continue has failed")]

mod support;

mod account;
mod activity;
mod alerts;
mod all_errors;
mod api_keys;
mod architecture;
mod asvs;
mod backup;
mod command_line;
mod copies;
mod database;
mod demo;
mod diagnosis;
mod dialogs;
mod doctor;
mod empty_states;
mod errors;
mod exports;
mod files;
mod get_started;
mod leaks;
mod lookup;
mod mail;
mod many_keys;
mod master_key;
mod members;
mod metrics;
mod migrations_agree;
mod names;
mod packaging;
mod passkeys;
mod passwords;
mod private_authority;
mod releases;
mod retention;
mod reviews;
mod roles;
mod running;
mod scopes;
mod scopes_gained;
mod security;
mod set_up;
mod settings;
mod sign_in;
mod sqlite_files;
mod sso;
mod start;
mod tls;
mod usage;
mod verification;
mod webhooks;
mod words;
