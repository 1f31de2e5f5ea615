//! Tests through the whole program: the real router, a database of its own for each test, a clock that is moved.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how a test fails")]

pub mod test_app;

mod accounts;
mod administration;
mod appearance;
mod authorization;
mod browser_tabs;
mod client_tokens;
mod cluster;
mod confirmations;
mod connections;
mod docs;
mod forms;
mod full_disk;
mod html;
mod http;
mod interop;
mod keys;
mod last_admin;
mod layers;
mod loader;
mod locked_database;
mod logging;
mod no_javascript;
mod notices;
mod oauth_apps;
mod oauth_authorize;
mod oauth_clients;
mod oauth_device;
mod oauth_endpoints;
mod oauth_logout;
mod oauth_par;
mod oauth_revoke;
mod oauth_token;
mod overview;
mod own_account;
mod page_access;
mod page_content;
mod pages;
mod pagination;
mod parsers;
mod rate_limit;
mod refresh;
mod refresh_groups;
mod refresh_simulation;
mod relying_party;
mod reset_password;
mod retention;
mod session_limits;
mod sessions;
mod silent_database;
mod store;
mod tls;
mod tokens;
mod wycheproof;
