//! API keys: creating, revealing, editing, rotating, revoking and searching.

mod attention;
mod create;
mod edit;
mod expiry;
mod ip_whitelist;
mod limit;
mod pages;
mod revoke;
mod rotate;
mod secret;
mod show;
mod stored_secrets;
mod table;
