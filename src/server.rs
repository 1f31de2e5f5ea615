//! What runs on the server alone. Data flows one way: request → use case → store.
//!
//! Each module imports only from those above it in this list (`src/tests/layers.rs`).

pub mod accounts;
pub mod audit_log;
pub mod authentication;
pub mod change;
pub mod cli;
pub mod client_info;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod crypto;
pub mod cursor;
pub mod error;
pub mod fetch;
pub mod grants;
pub mod http;
pub mod key_sets;
pub mod keys;
pub mod log;
pub mod mail;
pub mod notices;
pub mod oauth;
pub mod passwords;
pub mod principal;
pub mod rate_limit;
pub mod readiness;
pub mod request;
pub mod sessions;
pub mod state;
pub mod store;
pub mod survive;
pub mod tasks;
pub mod tokens;
pub mod upstream;
pub mod webauthn;
