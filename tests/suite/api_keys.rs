//! API keys: creating, revealing, editing, rotating, disabling, revoking and searching.

mod attention;
mod create;
pub mod disable;
mod disable_attention;
mod disable_due;
mod disable_schedule;
mod disable_selected;
mod disable_state;
mod edit;
mod expiry;
mod external_id;
mod grants;
mod impact;
mod impact_scopes;
mod ip_whitelist;
mod limit;
mod list_state;
mod owner;
mod owner_filters;
mod pages;
mod revoke;
mod rotate;
mod secret;
mod show;
mod stored_secrets;
mod table;
